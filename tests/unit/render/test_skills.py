"""Names and places of skill folders."""

from typing import Any

import pytest

from controller.definitions.agent import Skills
from controller.render import skills
from controller.render.problems import RenderError


def fetch(**spec: Any) -> skills.Fetch:
    parsed = Skills.model_validate(spec)
    return skills.translate(parsed, agent="a", image="init:1", security=None, resources={})


@pytest.mark.parametrize(
    ("git", "name"),
    [
        ({"url": "https://example.com/team/tools.git"}, "tools"),
        ({"url": "https://example.com/team/tools?x=1#y"}, "tools"),
        ({"url": "git@example.com:team/tools.git"}, "tools"),
        ({"url": "https://example.com/a.git", "path": "skills/helm/"}, "helm"),
        ({"url": "https://example.com/a.git", "name": "own"}, "own"),
    ],
)
def test_a_git_skill_is_named_after_its_last_part(git: dict[str, str], name: str) -> None:
    assert fetch(gitRefs=[git]).names == (name,)


@pytest.mark.parametrize(
    "image", ["r.io:5000/team/tools", "r.io/tools:1.2", "tools@sha256:ab", "r.io/tools:1@sha256:ab"]
)
def test_an_image_is_named_after_its_repository(image: str) -> None:
    assert fetch(refs=[image]).names == ("tools",)


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
