"""Folders of repositories, at the commit that is named."""

from pathlib import Path
from typing import Any

import pytest

from controller.errors import PermanentError
from controller.local.skillsinit import git
from controller.local.skillsinit.wanted import GitRef


def wanted(repository: Any, ref: str, **fields: Any) -> GitRef:
    address = f"file://{repository.folder}"
    return GitRef.model_validate({"url": address, "ref": ref, "dest": "/skills/a", **fields})


def test_a_commit_is_had_that_no_branch_leads_to_any_more(repository: Any, tmp_path: Path) -> None:
    pinned = repository.commit({"SKILL.md": "old", "scripts/run.sh": "echo"})
    repository.commit({"SKILL.md": "new"})
    repository.git("update-ref", "refs/heads/main", repository.commit({"SKILL.md": "newest"}))

    git.fetch(wanted(repository, pinned, full=True), tmp_path / "skill", auth=None)

    found = {str(path.relative_to(tmp_path / "skill")) for path in (tmp_path / "skill").rglob("*")}
    assert found == {"SKILL.md", "scripts", "scripts/run.sh"}
    assert (tmp_path / "skill" / "SKILL.md").read_text() == "old"


def test_a_branch_and_a_folder_of_it(repository: Any, tmp_path: Path) -> None:
    repository.commit({"helm/SKILL.md": "helm", "other/SKILL.md": "other"})

    git.fetch(wanted(repository, "main", subPath="helm"), tmp_path / "skill", auth=None)

    assert [path.name for path in (tmp_path / "skill").iterdir()] == ["SKILL.md"]


def test_what_an_attempt_before_has_left_is_replaced(repository: Any, tmp_path: Path) -> None:
    repository.commit({"SKILL.md": "now"})
    (tmp_path / "skill").mkdir()
    (tmp_path / "skill" / "half").write_text("")

    git.fetch(wanted(repository, "main"), tmp_path / "skill", auth=None)

    assert [path.name for path in (tmp_path / "skill").iterdir()] == ["SKILL.md"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        pytest.param({"ref": "none"}, "couldn't find remote ref none", id="no branch"),
        pytest.param({"ref": "0" * 40}, "not our ref", id="no commit"),
        pytest.param({"subPath": "none"}, "no folder 'none'", id="no folder"),
        pytest.param({"subPath": "../.."}, r"no folder '\.\./\.\.'", id="outside"),
        pytest.param({"subPath": "link"}, "no folder 'link'", id="a link outside"),
        pytest.param({"ref": "--upload-pack=x"}, "no reference", id="an option"),
        pytest.param({"ref": "main:refs/heads/x"}, "no reference", id="a mapping"),
        pytest.param({"url": "--upload-pack=x"}, "no reference", id="an option as address"),
        pytest.param({"url": "ext::sh -c true"}, "'ext' not allowed", id="a command"),
        pytest.param({"url": "file:///none"}, "does not appear to be", id="no repository"),
    ],
)
def test_what_cannot_be_had_is_said(
    repository: Any, tmp_path: Path, fields: dict[str, Any], said: str
) -> None:
    (repository.folder / "link").symlink_to("/etc")
    repository.commit({"SKILL.md": "x"})

    with pytest.raises(PermanentError, match=said):
        git.fetch(wanted(repository, **{"ref": "main", **fields}), tmp_path / "skill", auth=None)

    assert not (tmp_path / "skill").exists()


def test_a_token_is_given_to_git_as_a_password(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t0ken\n")

    variables = git._signed_in(tmp_path, tmp_path)

    assert variables["ROSTER_SKILLS_TOKEN"] == "t0ken"
    assert "t0ken" not in variables["GIT_CONFIG_VALUE_0"]


def test_a_key_is_copied_to_where_only_its_owner_reads_it(tmp_path: Path) -> None:
    auth, scratch = tmp_path / "auth", tmp_path / "scratch"
    for folder in (auth, scratch):
        folder.mkdir()
    (auth / "ssh-privatekey").write_text("key")

    variables = git._signed_in(auth, scratch)

    (copy,) = scratch.iterdir()
    assert f"-i {copy} " in variables["GIT_SSH_COMMAND"]
    assert (copy.read_text(), copy.stat().st_mode & 0o777) == ("key", 0o600)


def test_a_secret_with_nothing_to_sign_in_by_is_named(repository: Any, tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="neither 'token' nor 'ssh-privatekey'"):
        git.fetch(wanted(repository, "main"), tmp_path / "skill", auth=tmp_path)
