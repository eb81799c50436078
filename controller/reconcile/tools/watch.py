"""Asks every tool server for its tools once a minute, in a thread with an event loop of its own.

A server that fails is asked again after five seconds, ten, twenty, up to five minutes; one whose
workload is not there yet is not asked at all.
"""

import asyncio
import random
import threading
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from types import ModuleType
from typing import Any

import structlog

from controller import telemetry
from controller.errors import PermanentError, RosterError, TransientError
from controller.mcp.way import Answer, Way
from controller.reconcile.tools import merge
from controller.reconcile.tools.served import Served, Servers
from controller.reconcile.workqueue import Backoff
from controller.render.toolservers import ToolServer
from controller.state.toolservers import ToolServerRecord, ToolServers

log = structlog.get_logger(__name__)

INTERVAL_S = 60.0
CONCURRENCY = 8
CALL_LIMIT_S = 60.0
"""A call that somebody makes by hand must end while he is there."""
_LOOK_S = 2.0
"""How often it looks whether there are other servers now; that asks nobody."""
_SAVE_S = 600.0
"""How often ages are written that are no news."""
_BACKOFF = Backoff(base_s=5.0)


@dataclass(slots=True)
class _Turn:
    """When a server is asked next."""

    at: float
    failures: int = 0
    is_asked: bool = False


class ToolWatch:
    """Keeps what is known of tool servers up to date, from `start` to `stop`."""

    def __init__(  # noqa: PLR0913 - what a watch is made of
        self,
        servers: Servers,
        way: Callable[[ToolServer], Way],
        records: ToolServers,
        *,
        now: Callable[[], datetime],
        changed: Callable[[str], None] = lambda _application: None,
        interval_s: float = INTERVAL_S,
    ) -> None:
        """Prepare to watch.

        Args:
            servers: whom to ask.
            way: how; called in threads.
            records: where answers are kept.
            now: the time.
            changed: told the application whose server has other tools than before.
            interval_s: between two questions to one server.
        """
        self._servers = servers
        self._way = way
        self._records = records
        self._now = now
        self._changed = changed
        self._interval_s = interval_s
        self._turns: dict[str, _Turn] = {}
        self._saved_at = perf_counter()
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="tools", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Ask nobody any more, and write what is known."""
        if self._thread.ident is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(timeout_s)
        else:
            self._loop.close()

    def call(self, id_: str, tool: str, arguments: Mapping[str, Any]) -> Answer:
        """Call a tool of a server, and wait for the answer.

        Raises:
            PermanentError: there is no such server, or it refuses.
            TransientError: it does not answer.
        """
        served = self._servers.all().get(id_)
        if served is None:
            raise PermanentError(f"There is no tool server {id_}.")
        way = self._way(served.server)
        work: Coroutine[Any, Any, Answer] = _client().call_tool(way, tool, arguments)
        asked = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return asked.result(CALL_LIMIT_S)
        except TimeoutError as error:
            asked.cancel()
            raise TransientError(f"It did not answer within {CALL_LIMIT_S:g} s.") from error

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._watch())

    async def _watch(self) -> None:
        limit = asyncio.Semaphore(CONCURRENCY)
        under_way: set[asyncio.Task[None]] = set()
        async with asyncio.TaskGroup() as asking:
            while not self._stopping.is_set():
                under_way = {task for task in under_way if not task.done()}
                under_way |= {
                    asking.create_task(self._ask(served, limit)) for served in self._due()
                }
                self._save_sometimes()
                try:
                    async with asyncio.timeout(min(_LOOK_S, self._interval_s)):
                        await self._stopping.wait()
                except TimeoutError:
                    continue
            for task in under_way:
                task.cancel()
        self._saving()

    def _due(self) -> list[Served]:
        """Give the servers whose turn it is, and mark them as asked."""
        servers, now = self._servers.all(), self._loop.time()
        if self._servers.is_complete:
            self._forget_all_but(frozenset(servers))
        due = []
        for id_, served in servers.items():
            turn = self._turns.setdefault(id_, _Turn(at=now))
            if served.is_waited_for:
                self._note_absence(id_, served)
                turn.at, turn.failures = now, 0
            elif not turn.is_asked and turn.at <= now:
                turn.is_asked = True
                due.append(served)
        return due

    def _forget_all_but(self, ids: frozenset[str]) -> None:
        for id_ in self._turns.keys() - ids:
            del self._turns[id_]
            for metric in (telemetry.TOOL_SERVER_READY, telemetry.TOOL_SERVER_TOOLS):
                with suppress(KeyError):
                    metric.remove(id_)
        self._keeping(lambda: self._records.keep_only(ids))

    def _note_absence(self, id_: str, served: Served) -> None:
        message = served.message or f"Its workload is {served.health}."
        before = self._record(id_)
        if (before.status, before.message) != (merge.PENDING, message):
            after = merge.failed(before, message, self._now(), status=merge.PENDING)
            self._keep(served, before, after)

    async def _ask(self, served: Served, limit: asyncio.Semaphore) -> None:
        id_, turn = str(served.server.id), self._turns[str(served.server.id)]
        try:
            async with limit:
                after, delay_s = await self._answer(id_, served, turn)
            turn.at = self._loop.time() + delay_s
            self._keep(served, self._record(id_), after)
        finally:
            turn.is_asked = False

    async def _answer(
        self, id_: str, served: Served, turn: _Turn
    ) -> tuple[ToolServerRecord, float]:
        """Ask, and give what is known then, and when to ask again."""
        begun, outcome = perf_counter(), "error"
        try:
            way = await asyncio.to_thread(self._way, served.server)
            client = await asyncio.to_thread(_client)
            listing = await client.list_tools(way)
            outcome = "success"
        except RosterError as error:
            turn.failures += 1
            backoff_s = _BACKOFF.delay_s(turn.failures, at_least_s=0.0, chance=random.random())  # noqa: S311 - spreads load
            return merge.failed(self._record(id_), error.message, self._now()), backoff_s
        finally:
            telemetry.TOOL_SERVER_DURATION.labels(server=id_, outcome=outcome).observe(
                perf_counter() - begun
            )
        turn.failures = 0
        return merge.listed(self._record(id_), listing, self._now()), self._interval_s

    def _record(self, id_: str) -> ToolServerRecord:
        return self._records.get(id_) or ToolServerRecord(id=id_)

    def _keep(self, served: Served, before: ToolServerRecord, after: ToolServerRecord) -> None:
        is_news = merge.is_news(before, after)
        self._keeping(lambda: self._records.put(after, durably=is_news))
        is_ready = after.status == merge.READY
        telemetry.TOOL_SERVER_READY.labels(server=after.id).set(int(is_ready))
        telemetry.TOOL_SERVER_TOOLS.labels(server=after.id).set(len(after.offered))
        if is_news:
            log.info(
                "tool_server_changed",
                server=after.id,
                status=after.status,
                tools=len(after.offered),
                reason=after.message,
            )
        if before.tools != after.tools:
            self._changed(served.application)

    def _save_sometimes(self) -> None:
        if self._turns and perf_counter() - self._saved_at > _SAVE_S:
            self._saving()

    def _saving(self) -> None:
        self._saved_at = perf_counter()
        if self._turns:
            self._keeping(self._records.save)

    @staticmethod
    def _keeping(write: Callable[[], None]) -> None:
        """A disk that refuses costs what is known at the next start, and nothing now."""
        try:
            write()
        except RosterError as error:
            log.warning("tool_servers_not_kept", reason=error.message)


def _client() -> ModuleType:
    from controller.mcp import client  # noqa: PLC0415 - a second, for whoever has tool servers

    return client
