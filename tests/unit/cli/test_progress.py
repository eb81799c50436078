import threading

import pytest

from controller.cli.progress import Progress
from controller.state.records import (
    ApplicationRecord,
    ApplicationSpec,
    ApplicationStatus,
    ComponentStatus,
    StoredFinding,
    SyncStatus,
)


def test_what_ends_the_thread_is_raised_where_it_is_waited_for() -> None:
    def fail() -> list[ApplicationRecord]:
        raise RuntimeError("the store is gone")

    progress = Progress(fail)
    progress.start()

    with pytest.raises(RuntimeError, match="the store is gone"):
        progress.wait_until_settled(60)
    progress.stop()


def record(sync: str, *findings: StoredFinding, component: str = "") -> ApplicationRecord:
    one = ComponentStatus(id=f"Agent n/{component}", kind="Agent", namespace="n", name=component)
    status = ApplicationStatus(
        sync=SyncStatus(sync),
        health="Healthy",
        findings=findings,
        components=(one,) if component else (),
    )
    return ApplicationRecord(spec=ApplicationSpec(name="app", repo_url="/r"), status=status)


def test_a_broken_file_is_told_with_place_and_remedy_and_nothing_is_gone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    broken = StoredFinding(
        rule="invalid-yaml",
        severity="error",
        message="no [YAML]",
        remedy="Indent it.",
        file="a.yaml",
        line=3,
        column=1,
    )
    looks = iter([record("Synced", component="one"), record("Unknown", broken)])
    shown = threading.Event()

    def look() -> list[ApplicationRecord]:
        if (found := next(looks, None)) is None:
            shown.set()
            return [record("Unknown", broken)]
        return [found]

    progress = Progress(look)
    progress.start()
    shown.wait(60)
    progress.stop()

    told = capsys.readouterr().out
    assert told.count("a.yaml:3:1: error: no [YAML] [invalid-yaml]\n") == 1
    assert "Indent it.\n" in told
    assert "gone" not in told
