from controller.reconcile.interruption import SUPERSEDED, Interruption


def test_a_reason_stays() -> None:
    reasons = iter(["", "ended", ""])
    interruption = Interruption(lambda: next(reasons), has_moved=bool, clock=lambda: 0)

    assert [interruption() for _ in range(4)] == ["", "ended", "ended", "ended"]


def test_the_source_is_not_asked_before_every_write() -> None:
    looks = iter([False, True])
    now = [0.0]
    interruption = Interruption(str, has_moved=lambda: next(looks), clock=lambda: now[0])

    early = [interruption() for _ in range(10)]
    now[0] = 0.6

    assert set(early) == {""}
    assert interruption() == SUPERSEDED
