"""How long to wait before a container is started again (`CrashLoopBackOff`)."""

_FIRST_S = 10.0
_LAST_S = 300.0
_FORGIVEN_AFTER_S = 600.0


class Backoff:
    """Doubling waits, as the kubelet's: none after the first end, then 10 s up to five minutes."""

    def __init__(self) -> None:
        self._next_s = 0.0

    def after(self, ran_s: float) -> float:
        """Give the seconds to wait after a run of this length; a long run is a new beginning."""
        if ran_s >= _FORGIVEN_AFTER_S:
            self._next_s = 0.0
        wait_s = self._next_s
        self._next_s = min(max(_FIRST_S, wait_s * 2), _LAST_S)
        return wait_s
