import pytest

from controller.state import withheld as module
from controller.state.withheld import TIME_S, Withheld


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_event_is_remembered_for_a_turn() -> None:
    clock = Clock()
    withheld = Withheld(clock)
    withheld.keep("d", "e", "whole")

    assert withheld.whole("d", "e") == "whole"
    assert withheld.whole("other", "e") is None
    clock.now = TIME_S + 1
    assert withheld.whole("d", "e") is None
    assert withheld._kept == {}


def test_the_oldest_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SIZE", 2)
    withheld = Withheld(Clock())
    for event in "abc":
        withheld.keep("d", event, event)

    assert [withheld.whole("d", event) for event in "abc"] == [None, "b", "c"]
