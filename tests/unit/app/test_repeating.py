import threading

import pytest

from controller.app.repeating import Repeating
from controller.errors import TransientError


@pytest.mark.parametrize("error", [TransientError("full"), KeyError("a fault of ours")])
def test_it_goes_on_after_a_failure_until_it_is_stopped(error: Exception) -> None:
    rounds: list[int] = []
    enough = threading.Event()

    def work() -> None:
        rounds.append(1)
        if len(rounds) == 1:
            raise error
        if len(rounds) == 3:
            enough.set()

    running = Repeating("test", work, every_s=0, first_s=0)
    running.start()
    assert enough.wait(60)
    running.stop()

    done = len(rounds)
    assert not any(thread.name == "test" for thread in threading.enumerate())
    assert len(rounds) == done
