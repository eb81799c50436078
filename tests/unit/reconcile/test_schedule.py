from datetime import UTC, datetime, timedelta

from controller.reconcile.schedule import next_visit_s
from controller.state.records import (
    ApplicationRecord,
    ApplicationSpec,
    Correction,
    Retry,
    SyncPolicy,
    SyncWindow,
)

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SPEC = ApplicationSpec(name="a", repo_url="/r")


def test_nothing_is_due_where_nothing_waits() -> None:
    assert next_visit_s(ApplicationRecord(spec=SPEC), NOW) is None


def test_the_earliest_of_what_is_to_come_is_due() -> None:
    def retry(seconds: float) -> Retry:
        return Retry(unit="u", revision="r", next_at=NOW + timedelta(seconds=seconds))

    fought = Correction(key="k", attempts=1, until=NOW + timedelta(seconds=18))
    record = ApplicationRecord(spec=SPEC, retries=(retry(-1), retry(20)), corrections=(fought,))

    assert next_visit_s(record, NOW) == 18


def test_a_window_is_visited_when_it_opens() -> None:
    window = SyncWindow(kind="allow", schedule="30 12 * * *", duration_s=60)
    spec = SPEC.model_copy(update={"sync_policy": SyncPolicy(windows=(window,))})

    assert next_visit_s(ApplicationRecord(spec=spec), NOW) == 30 * 60
