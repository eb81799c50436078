from controller.reconcile.pace import Paced


def test_an_action_is_done_for_at_most_a_tenth_of_the_time() -> None:
    now = 0.0
    done = []

    def slow() -> None:
        nonlocal now
        done.append(now)
        now += 1.0

    paced = Paced(slow, clock=lambda: now)
    for _ in range(100):
        paced()
        now += 0.5

    assert done[:2] == [0.0, 11.0]
    assert len(done) < 7
