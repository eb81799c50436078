"""The loop: workers that take keys from the queue and visit them.

The only place in Roster that catches everything: whatever one visit raises, the others go on.
"""

import threading
import time
from collections.abc import Callable

import structlog

from controller import telemetry, tracing
from controller.errors import PermanentError, TransientError
from controller.reconcile.workqueue import Item, Trigger, WorkQueue

log = structlog.get_logger(__name__)

Visit = Callable[[str, frozenset[Trigger]], float | None]
"""Visits one key; returns the seconds until the next visit, None if only a trigger asks for it."""


class Loop:
    """A fixed number of threads that carry out visits."""

    def __init__(self, queue: WorkQueue, visit: Visit, *, workers: int = 4) -> None:
        self._queue = queue
        self._visit = visit
        # Daemons, because a visit that hangs must not keep the process after `stop` gave up on it.
        self._threads = tuple(
            threading.Thread(target=self._work, name=f"reconcile-{number}", daemon=True)
            for number in range(workers)
        )

    def start(self) -> None:
        """Start the workers."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_s: float = 30.0) -> bool:
        """Hand out no more keys and wait for the visits that run.

        Returns:
            Whether all of them ended in time.
        """
        self._queue.shutdown()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(deadline - time.monotonic(), 0.0))
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            telemetry.QUEUE_DEPTH.set(len(self._queue))
            try:
                self._carry_out(item)
            finally:
                self._queue.done(item.key)

    def _carry_out(self, item: Item) -> None:
        started = time.monotonic()
        bound = log.bind(application=item.key, triggers=sorted(item.triggers))
        telemetry.noted()
        try:
            with (
                tracing.span("reconcile", application=item.key),
                telemetry.timed(telemetry.RECONCILE_DURATION),
            ):
                next_s = self._visit(item.key, item.triggers)
        except TransientError as error:
            retry_s = self._queue.retry(item.key, at_least_s=error.retry_after_s or 0.0)
            bound.warning(
                "visit_failed", error=str(error), retry_s=round(retry_s, 1), **telemetry.noted()
            )
        except PermanentError as error:
            # Trying soon is pointless, but a visit must come even where nothing polls.
            retry_s = self._queue.retry(item.key, at_least_s=self._queue.backoff.max_s)
            bound.error(
                "visit_refused", error=str(error), retry_s=round(retry_s, 1), **telemetry.noted()
            )
        except Exception:  # noqa: BLE001 - the one catch-all: a visit must not end its worker
            retry_s = self._queue.retry(item.key)
            bound.exception("visit_crashed", retry_s=round(retry_s, 1), **telemetry.noted())
        else:
            self._queue.forget(item.key)
            if next_s is not None:
                self._queue.add(item.key, trigger=Trigger.TIMER, delay_s=next_s)
            seconds = round(time.monotonic() - started, 3)
            bound.info("visit_finished", duration_s=seconds, next_s=next_s, **telemetry.noted())
