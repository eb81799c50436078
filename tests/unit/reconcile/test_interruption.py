from controller.reconcile.interruption import Interruption


def test_a_reason_stays() -> None:
    reasons = iter(["", "newer", ""])
    time = iter(range(100))
    interruption = Interruption(lambda: next(reasons), clock=lambda: next(time))

    assert [interruption() for _ in range(4)] == ["", "newer", "newer", "newer"]


def test_it_does_not_look_at_every_write() -> None:
    looks: list[None] = []

    def look() -> str:
        looks.append(None)
        return ""

    now = [0.0]
    interruption = Interruption(look, clock=lambda: now[0])
    for _ in range(10):
        interruption()
    now[0] = 0.6
    interruption()

    assert len(looks) == 2
