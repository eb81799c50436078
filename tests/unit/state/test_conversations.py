from datetime import UTC, datetime, timedelta
from pathlib import Path

from controller.state.conversations import Conversations
from controller.state.memories import Memory
from controller.state.sessions import Session, Wanted


class Clock:
    now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_pruning_forgets_what_is_not_to_be_kept(tmp_path: Path) -> None:
    clock = Clock()
    with Conversations(tmp_path, now=clock) as conversations:
        for name in ("old", "new"):
            conversations.sessions.create(Session(id=name, user="ada", agent="x__NS__a"))
            memory = Memory(content=name, vector=[1], ttl_days=15)
            conversations.memories.add("x__NS__a", "ada", [memory])
            clock.now += timedelta(days=10)

        assert conversations.prune(max_age_days=0, max_per_agent=0) == (0, 1)
        assert conversations.prune(max_age_days=15, max_per_agent=0) == (1, 0)
        assert [session.id for session in conversations.sessions.list(Wanted())] == ["new"]
