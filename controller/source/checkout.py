"""Definitions of a commit, read from the repository that a folder on disk belongs to.

For the command line, which compares commits without a controller: nothing is fetched, copied or
checked out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from controller.errors import UsageError
from controller.source import contents, folders, gitfolders, links, tree
from controller.source.command import OFFLINE, Command, GitError, GitTimeoutError
from controller.source.limits import Limits
from controller.source.mirror import DamagedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A folder in the work tree of a repository; what `contents` and `tree` read from."""

    folder: Path
    """The folder that was asked for."""
    top: Path
    """Where the work tree begins."""
    git: Path
    """Its own git folder: it knows what HEAD is."""
    common: Path
    """The git folder with the objects, which linked work trees share."""

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Find the repository around a folder.

        Raises:
            UsageError: there is none.
        """
        absolute = folder.absolute().resolve()
        for place in (absolute, *absolute.parents):
            if (place / ".git").exists():
                own = gitfolders.own(place)
                return cls(folder=absolute, top=place, git=own, common=gitfolders.common(own))
        raise UsageError(
            f"{folder} is in no git repository.",
            remedy="Compare a folder of a repository, or leave revisions out.",
        )

    def commit(self, revision: str) -> str:
        """Give the full id of a commit by anything that git takes for one, such as `main~2`.

        Raises:
            UsageError: there is none.
        """
        try:
            found = self._run(
                "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
            )
        except GitError as error:
            raise UsageError(
                f"{self.top} has no revision {revision!r}.",
                remedy="Name a commit, a branch or a tag; fetch it if need be.",
            ) from error
        return found.decode().strip()

    def newest(self, commits: Iterable[str]) -> str | None:
        """Give the newest of those commits that the repository has; None where it has none."""
        known = []
        for revision in commits:
            try:
                known.append(self.commit(revision))
            except UsageError:
                continue
        if not known:
            return None
        return self._run("log", "--no-walk=sorted", "-1", "--format=%H", *known).decode().strip()

    def files(self, commit: str, extra: Iterable[Path] = ()) -> Mapping[str, bytes]:
        """Give the definitions below the folder at a commit, named as `folders.read` names them.

        Args:
            commit: full id.
            extra: folders or files that are read whole, such as templates.

        Raises:
            UsageError: the folder is not in there, or there is too much in it.
        """
        path, *extras = (self._inside(folder) for folder in (self.folder, *extra))
        where = f"{self.folder} at {commit[:12]}"
        try:
            entries = tree.list_entries(self, commit, (path, *extras))
            tree.check_presence(entries, path, tuple(extras), where=where)
            selection = links.follow(self, commit, tree.select(entries, path, tuple(extras)))
            selection = contents.measure(self, selection, Limits(), where=where)
            found = contents.read(self, selection)
        except DamagedError as error:
            raise UsageError(f"{where} cannot be read: {error}.") from error
        for unread in selection.unread:
            raise UsageError(f"{where}: {unread.path}: {unread.message}.", remedy=unread.remedy)
        return {folders.name(self.top / name, self.folder): text for name, text in found.items()}

    def _inside(self, folder: Path) -> str:
        absolute = folder.absolute().resolve()
        if not absolute.is_relative_to(self.top):
            raise UsageError(f"{folder} is not in the repository {self.top}.")
        return tree.normal_path(absolute.relative_to(self.top).as_posix())

    def read(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Run a command that reads.

        Raises:
            DamagedError: it failed.
        """
        try:
            return self._run(*arguments, stdin=stdin)
        except GitError as error:
            raise DamagedError(str(error)) from error

    read_or_fetch = read
    """Nothing is fetched here."""

    def _run(self, *arguments: str, stdin: bytes = b"") -> bytes:
        objects = {"GIT_OBJECT_DIRECTORY": str(self.common / "objects")}
        try:
            return Command(folder=self.git).run(
                *arguments, stdin=stdin, variables={**OFFLINE, **objects}
            )
        except GitTimeoutError as error:
            raise UsageError(f"{self.top}: {error}.") from error
