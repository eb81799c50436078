"""Everything that agents keep of conversations, in one folder."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from controller.state import sessions
from controller.state.checkpoints import Checkpoints
from controller.state.crews import Crews
from controller.state.documents import Documents, timestamp
from controller.state.feedback import Feedback
from controller.state.memories import Memories
from controller.state.pushes import Pushes
from controller.state.sessions import Sessions, Wanted
from controller.state.tasks import Tasks
from controller.state.withheld import Withheld


class Conversations:
    """Sessions with their tasks, memories, feedback, checkpoints, crews.

    Safe for threads; one process at a time.

    Raises:
        StoreLockedError: another process has the folder open.
    """

    def __init__(
        self, folder: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.documents = Documents(folder)
        self.sessions = Sessions(self.documents, now)
        self.tasks = Tasks(self.documents, self.sessions, now)
        self.pushes = Pushes(self.documents, now)
        self.memories = Memories(self.documents, now)
        self.feedback = Feedback(self.documents, now)
        self.checkpoints = Checkpoints(self.documents)
        self.crews = Crews(self.documents)
        self.withheld = Withheld()
        self._now = now

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def prune(self, *, max_age_days: float, max_per_agent: int) -> tuple[int, int]:
        """Forget what is not to be kept, and give how many sessions and memories that were.

        Args:
            max_age_days: sessions that nobody wrote to for longer go; 0 keeps all.
            max_per_agent: sessions of each agent that are kept; 0 keeps all.
        """
        before = ""
        if max_age_days:
            oldest = self._now() - timedelta(days=max_age_days)
            before = timestamp(oldest)
        found = self.sessions.list(Wanted())
        gone = sessions.expired(found, before=before, max_per_agent=max_per_agent)
        for session in gone:
            self.sessions.delete(session)
        yesterday = timestamp(self._now() - timedelta(days=1))
        self.pushes.prune(before=yesterday, has_task=self.tasks.exist)
        return len(gone), self.memories.prune()

    def close(self) -> None:
        """Let another process have the folder."""
        self.documents.close()
