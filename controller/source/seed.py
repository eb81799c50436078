"""A new git repository from a folder, so that there is something to commit to on a laptop."""

import contextlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from controller.errors import PermanentError

if TYPE_CHECKING:
    import git


def create(folder: Path, template: Path) -> None:
    """Make `folder` a git repository with the template's files as its first commit.

    A folder that is a repository already is left alone: it is the user's now.

    Raises:
        PermanentError: the folder exists and is something else.
    """
    if (folder / ".git").is_dir():
        return
    if folder.exists() and any(folder.iterdir()):
        raise PermanentError(
            f"{folder} exists and is not a git repository.", remedy="Move it away and try again."
        )
    import git  # noqa: PLC0415  raises where git is not installed; command.py says so first

    # Made beside and moved, so that a start cut short leaves nothing half done.
    unfinished = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(template, unfinished)
    with contextlib.closing(git.Repo.init(unfinished, initial_branch="main")) as repository:
        _give_identity(repository)
        repository.git.add("--all")
        author = git.Actor("Roster", "roster@localhost")
        repository.index.commit("Begin with the example agents", author=author, committer=author)
    if folder.exists():
        folder.rmdir()
    unfinished.rename(folder)


def _give_identity(repository: "git.Repo") -> None:
    """Let the user commit here also where git was never told who they are."""
    with repository.config_reader() as known:
        if known.has_option("user", "email"):
            return
    with repository.config_writer() as config:
        config.set_value("user", "name", "You")
        config.set_value("user", "email", "you@localhost")
