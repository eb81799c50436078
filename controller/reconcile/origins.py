"""Which commit last changed a definition: asked of git for who looks, and remembered."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYetError
from dataclasses import dataclass, field

from controller.definitions import documents
from controller.errors import RosterError
from controller.source.repository import Repositories
from controller.source.snapshot import Commit, Lines, Source
from controller.state.records import ApplicationRecord, ApplicationSpec

WAIT_S = 1.5
"""How long somebody waits for an answer: history may have to be fetched, which takes its time."""
_ASKING = 2
"""Questions to git at a time; more wait."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The commit that last changed a definition, or why it is not known."""

    commit: Commit | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """A definition in its application."""

    application: str
    file: str
    component: str


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was found, at which revision, and of which content of the file."""

    revision: str
    line: int
    blob: str
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Origins:
    """Finds origins. Safe to share between threads.

    An answer is kept for as long as the file's content stays (its blob), so that in steady state
    git is not asked again. A file that was changed and changed back between two looks is therefore
    credited to the commit before.
    """

    repositories: Repositories
    wait_s: float = WAIT_S
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _answers: dict[_Place, _Answer] = field(default_factory=dict)
    _asked: dict[_Place, Future[Origin]] = field(default_factory=dict)
    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_ASKING, thread_name_prefix="origins")
    )

    def find(self, record: ApplicationRecord, component: str) -> Origin:
        """Give the origin of a component's definition, if it can be told within a moment."""
        part = next((each for each in record.status.components if each.id == component), None)
        commit = record.status.commit
        if part is None or not part.file or commit is None:
            return Origin(None, "The definition is not in git.")
        place = _Place(record.spec.name, part.file, component)
        known = self._answers.get(place)
        if known and (known.revision, known.line) == (commit.revision, part.line):
            return known.origin
        try:
            return self._question(place, record.spec, commit.revision, part.line).result(
                self.wait_s
            )
        except NotYetError:
            return Origin(None, "Looking through history; ask again in a moment.")
        except RosterError as error:
            return Origin(None, str(error))

    def _question(
        self, place: _Place, spec: ApplicationSpec, revision: str, line: int
    ) -> Future[Origin]:
        """Ask in the background; who asks the same meanwhile waits for the same answer."""
        with self._lock:
            asked = self._asked.get(place)
            if asked is None:
                asked = self._pool.submit(self._ask, place, spec, revision, line)
                self._asked[place] = asked
        asked.add_done_callback(lambda _: self._asked.pop(place, None))
        return asked

    def _ask(self, place: _Place, spec: ApplicationSpec, revision: str, line: int) -> Origin:
        source = Source(
            repo_url=spec.repo_url, target_revision=spec.target_revision, path=spec.path
        )
        extra = (spec.templates,) if spec.templates else ()
        snapshot = self.repositories.fetch(source, revision, extra_paths=extra)
        blob, known = snapshot.blobs.get(place.file, ""), self._answers.get(place)
        if known is not None and (known.blob, known.line) == (blob, line):
            origin = known.origin
        else:
            lines = _lines(snapshot.files.get(place.file, b""), line)
            found = self.repositories.last_change(source, revision, place.file, lines=lines)
            origin = Origin(found, "" if found else "No commit has touched the file.")
        self._answers[place] = _Answer(revision, line, blob, origin)
        return origin


def _lines(content: bytes, line: int) -> Lines | None:
    """Give the lines of the document that a line is in; None where it is all there is."""
    chunks = documents.split(content.decode("utf-8-sig", errors="replace"))
    for chunk in chunks:
        last = chunk.line + chunk.text.rstrip().count("\n")
        if chunk.line <= line <= last and len(chunks) > 1:
            return Lines(chunk.line, last)
    return None
