"""Sends push notifications beside the turn that they tell of, and tries again when they fail.

Told are the states of a task, not the pieces of its answer: whoever wants those, streams. A client
of protocol 0.3 gets the task, one of 1.0 the event, as each version says.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx
from a2a.server.tasks import PushNotificationSender
from a2a.server.tasks.push_notification_sender import PushNotificationEvent
from a2a.types import Task, TaskArtifactUpdateEvent, TaskPushNotificationConfig
from a2a.utils.proto_utils import to_stream_response

from controller.errors import PermanentError, TransientError
from controller.runtime.push.configs import Configs
from controller.runtime.push.targets import Targets
from controller.runtime.tasks import as_json, wire_form

_log = logging.getLogger(__name__)

TRIES = 5
FIRST_RETRY_S = 1.0
_TIMEOUT_S = 10.0
_MAX_WAITING = 256
"""Notifications on their way; beyond it a new one is dropped, so that memory stays bounded."""
_PASSING = frozenset({408, 425, 429})


class Sender(PushNotificationSender):
    """Sends to whoever asked for it; a target is checked again each time."""

    def __init__(
        self,
        configs: Configs,
        targets: Targets,
        latest: Callable[[str], Awaitable[Task | None]],
        *,
        first_retry_s: float | None = None,
    ) -> None:
        self._configs, self._targets, self._latest = configs, targets, latest
        self._first_retry_s = first_retry_s or FIRST_RETRY_S
        self._http = httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False)
        self._chains: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._waiting = 0

    async def is_allowed(self, url: str) -> bool:
        """Whether a client may name this address."""
        try:
            await self._targets.checked(url)
        except (PermanentError, TransientError) as error:
            _log.warning("push_target_refused", extra={"reason": str(error)})
            return False
        return True

    async def send_notification(self, task_id: str, event: PushNotificationEvent) -> None:
        """Send a task's new state; the turn does not wait for it."""
        if isinstance(event, TaskArtifactUpdateEvent):
            return
        for config in await self._configs.get_info_for_dispatch(task_id):
            body = await self._body(config, event)
            if self._waiting >= _MAX_WAITING:
                _log.warning("push_dropped", extra={"task": task_id})
                continue
            self._waiting += 1
            key = (task_id, config.id)
            self._chains[key] = asyncio.create_task(
                self._after(self._chains.get(key), key, config, body)
            )

    async def close(self, limit_s: float) -> None:
        """Give what is under way a moment."""
        if self._chains:
            _, late = await asyncio.wait(self._chains.values(), timeout=limit_s)
            for task in late:
                task.cancel()
        await self._http.aclose()

    async def _body(
        self, config: TaskPushNotificationConfig, event: PushNotificationEvent
    ) -> Mapping[str, Any]:
        if not self._configs.wants_task(config):
            return as_json(to_stream_response(event))
        task = event if isinstance(event, Task) else await self._latest(event.task_id)
        return wire_form(task) if task is not None else {}

    async def _after(
        self,
        before: asyncio.Task[None] | None,
        key: tuple[str, str],
        config: TaskPushNotificationConfig,
        body: Mapping[str, Any],
    ) -> None:
        """Send once the notification before has gone its way: states arrive in their order."""
        try:
            if before is not None:
                await asyncio.wait([before])
            await self._deliver(config, body)
        finally:
            self._waiting -= 1
            if self._chains.get(key) is asyncio.current_task():
                del self._chains[key]

    async def _deliver(self, config: TaskPushNotificationConfig, body: Mapping[str, Any]) -> None:
        retry_s = self._first_retry_s
        for attempt in range(1, TRIES + 1):
            try:
                await self._post(config, body)
            except PermanentError as error:
                _log.warning("push_refused", extra={"task": config.task_id, "reason": str(error)})
                return
            except TransientError as error:
                reason = str(error)
                _log.info("push_failed", extra={"task": config.task_id, "reason": reason})
                if attempt < TRIES:
                    await asyncio.sleep(retry_s * random.uniform(0.75, 1.25))  # noqa: S311 - to spread
                    retry_s *= 4
            else:
                return
        _log.warning("push_given_up", extra={"task": config.task_id})

    async def _post(self, config: TaskPushNotificationConfig, body: Mapping[str, Any]) -> None:
        target = await self._targets.checked(config.url)
        try:
            answer = await self._http.post(
                target.url,
                json=body,
                headers={"Host": target.host, **_headers(config)},
                extensions={"sni_hostname": target.name},
            )
        except (httpx.HTTPError, OSError) as error:
            reason = str(error) or type(error).__name__
            raise TransientError(f"{target.host}: {reason}") from error
        if answer.is_success:
            return
        kind = TransientError if _may_pass(answer.status_code) else PermanentError
        # Not the whole address: it may hold a secret, and this is logged.
        raise kind(f"{target.host} answered {answer.status_code}.")


def _may_pass(status: int) -> bool:
    return status >= 500 or status in _PASSING


def _headers(config: TaskPushNotificationConfig) -> dict[str, str]:
    headers = {}
    if config.token:
        headers["X-A2A-Notification-Token"] = config.token
    proof = config.authentication
    if proof.scheme and proof.credentials:
        headers["Authorization"] = f"{proof.scheme} {proof.credentials}"
    return headers
