"""The init container as the local cluster runs it: configuration in, folders out."""

import json
from pathlib import Path
from typing import Any

import pytest

from controller.definitions.agent import Skills
from controller.local.skillsinit.__main__ import main
from controller.render import skills


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Run with what `render` writes for a definition, mounted where a pod's volumes are."""
    config, fetched = tmp_path / "config", tmp_path / "fetched"
    config.mkdir()
    fetched.mkdir()

    def ran(**spec: Any) -> tuple[int, Path]:
        parsed = Skills.model_validate(spec)
        made = skills.translate(parsed, agent="a", image="i", security=None, resources={})
        (config / "config.json").write_text(made.config)
        mounts = {"/skills": str(fetched), "/etc/kagent/skills-init": str(config)}
        return main({"ROSTER_MOUNTS": json.dumps(mounts)}), fetched

    return ran


def test_skills_of_both_kinds_are_fetched(run: Any, repository: Any, shelf: Any) -> None:
    pinned = repository.commit({"helm/SKILL.md": "git"})
    shelf.push(shelf.packed([("SKILL.md", "oci")]))
    git = {"url": f"file://{repository.folder}", "ref": pinned, "path": "helm"}

    code, fetched = run(gitRefs=[git], refs=[f"{shelf.host}/team/skill:1"])

    assert code == 0
    assert (fetched / "helm" / "SKILL.md").read_text() == "git"
    assert (fetched / "skill" / "SKILL.md").read_text() == "oci"


def test_what_cannot_be_fetched_ends_the_container_with_a_reason(
    run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = run(gitRefs=[{"url": "file:///none", "ref": "main"}])

    assert code == 1
    assert "skills-init: git fetch failed" in capsys.readouterr().err


def test_buckets_are_said_to_be_out_of_reach(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = run(s3Refs=[{"uri": "s3://bucket/a"}])

    assert code == 1
    assert "not fetched on the local cluster" in capsys.readouterr().err


def test_a_missing_configuration_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main({"ROSTER_MOUNTS": json.dumps({"/etc/kagent/skills-init": "/none"})}) == 1
    assert "/none/config.json cannot be read" in capsys.readouterr().err
