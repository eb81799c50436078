import threading

import pytest

from controller.errors import TransientError
from controller.state import pruner
from controller.state.pruner import Pruner


def test_it_goes_on_after_a_failure_until_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruner, "FIRST_S", 0)
    monkeypatch.setattr(pruner, "INTERVAL_S", 0)
    visits: list[int] = []
    enough = threading.Event()

    def prune() -> tuple[int, int]:
        visits.append(1)
        if len(visits) == 1:
            raise TransientError("full")
        if len(visits) == 3:
            enough.set()
        return (1, 0)

    running = Pruner(prune)
    running.start()
    assert enough.wait(60)
    running.stop()

    assert not running._thread.is_alive()
