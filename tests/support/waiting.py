"""Waiting for what another thread or process does a moment later."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 60.0
"""Only a test that fails waits so long: a loaded machine may stand still for seconds."""


def eventually(
    look: Callable[[], T | None], *, timeout_s: float = PATIENCE_S, what: str = "it"
) -> T:
    """Look again and again until something truthy is seen; says what was seen last if it is not."""
    deadline = time.monotonic() + timeout_s
    seen: object = None
    pause = threading.Event()  # other threads go on meanwhile, and no test's clock is asked
    while time.monotonic() < deadline:
        seen = look()
        if seen:
            return seen  # type: ignore[return-value]  # truthy, so not None
        pause.wait(0.02)
    raise AssertionError(f"{what} did not come true in {timeout_s} s; last seen: {seen!r}")
