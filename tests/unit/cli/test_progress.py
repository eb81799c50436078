import pytest

from controller.cli.progress import Progress
from controller.state.records import ApplicationRecord


def test_what_ends_the_thread_is_raised_where_it_is_waited_for() -> None:
    def fail() -> list[ApplicationRecord]:
        raise RuntimeError("the store is gone")

    progress = Progress(fail)
    progress.start()

    with pytest.raises(RuntimeError, match="the store is gone"):
        progress.wait_until_settled(10)
    progress.stop()
