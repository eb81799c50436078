"""Names and places of skill folders."""

from typing import Any

import pytest

from controller.definitions.agent import Skills
from controller.render import skills
from controller.render.problems import RenderError


def fetch(**spec: Any) -> skills.Fetch:
    parsed = Skills.model_validate(spec)
    return skills.translate(parsed, agent="a", image="init:1", security=None, resources={})


def test_names_come_in_the_order_in_which_kagent_gives_them_to_prompts() -> None:
    fetched = fetch(
        s3Refs=[{"uri": "s3://bucket/c"}],
        gitRefs=[{"url": "https://example.com/b.git"}],
        refs=["r.io/a:1"],
    )

    assert fetched.names == ("a", "b", "c")


def test_hosts_are_asked_for_their_keys_only_where_one_signs_in() -> None:
    refs = [{"url": "ssh://git@h.example.com:22/a"}, {"url": "ssh://git@h.example.com:x/b"}]

    assert "sshHosts" not in fetch(gitRefs=refs).config
    signed_in = fetch(gitRefs=refs, gitAuthSecretRef={"name": "git"})
    assert '"host": "h.example.com"' in signed_in.config
    assert '"port"' not in signed_in.config


@pytest.mark.parametrize(
    "spec",
    [
        {"gitRefs": [{"url": "https://example.com/a", "path": "../../etc"}]},
        {"gitRefs": [{"url": "https://example.com/a", "path": "/etc"}]},
        {"gitRefs": [{"url": "https://example.com/a", "name": ".."}]},
        {"gitRefs": [{"url": "https://example.com/a", "name": "a b"}]},
        {"refs": ["r.io/tools:1", "other.io/tools:2"]},
    ],
)
def test_folders_outside_and_twice_are_refused(spec: dict[str, Any]) -> None:
    with pytest.raises(RenderError) as caught:
        fetch(**spec)
    assert caught.value.rule == "invalid-skill"
