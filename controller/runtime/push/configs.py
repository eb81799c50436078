"""Who wants to be told of which task: in memory, and at the controller for the next process.

Configurations hold secrets, so each caller sees his own; the agent itself uses all of a task's.
"""

import logging
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from a2a.server.context import ServerCallContext
from a2a.server.tasks import InMemoryPushNotificationConfigStore
from a2a.types import TaskPushNotificationConfig
from google.protobuf import json_format  # type: ignore[import-untyped]  # it ships no types

from controller.errors import RosterError
from controller.runtime.sessions.routes import Routes
from controller.runtime.tasks import MAX_TASKS, as_json, headers_of

_log = logging.getLogger(__name__)

_OLDER = "rosterOlder"
"""Key beside a configuration at the controller: that its client speaks 0.3."""


class Configs(InMemoryPushNotificationConfigStore):
    """Who wants to be told of which task, and in which version of the protocol."""

    def __init__(self, routes: Routes | None = None) -> None:
        super().__init__(owner_resolver=_user)
        self._routes = routes
        self._older: set[tuple[str, str]] = set()
        self._known: OrderedDict[str, None] = OrderedDict()
        """Tasks about which the controller knows no more than this process."""

    async def set_info(
        self,
        task_id: str,
        notification_config: TaskPushNotificationConfig,
        context: ServerCallContext,
    ) -> TaskPushNotificationConfig:
        """Remember a client's wish."""
        is_older = not headers_of(context).get("a2a-version", "0.3").startswith("1")
        stored = await self._remember(task_id, notification_config, context, is_older=is_older)
        if self._routes is not None:
            body = {**as_json(stored), **({_OLDER: True} if is_older else {})}
            try:
                await self._routes.keep_push(task_id, stored.id, body, _user(context))
            except RosterError as error:
                # It is told as long as this process lives.
                _log.warning("push_not_kept", extra={"task": task_id, "reason": str(error)})
        return stored

    async def get_info(
        self, task_id: str, context: ServerCallContext
    ) -> list[TaskPushNotificationConfig]:
        """The caller's wishes."""
        await self._load(task_id)
        return await super().get_info(task_id, context)

    async def get_info_for_dispatch(self, task_id: str) -> list[TaskPushNotificationConfig]:
        """Everybody's wishes."""
        await self._load(task_id)
        return await super().get_info_for_dispatch(task_id)

    async def delete_info(
        self, task_id: str, context: ServerCallContext, config_id: str | None = None
    ) -> None:
        """Forget a caller's wish, or all of his about a task."""
        own = await self.get_info(task_id, context)
        await super().delete_info(task_id, context, config_id)
        for config in own:
            if self._routes is None or config_id not in {None, config.id}:
                continue
            try:
                await self._routes.drop_push(task_id, config.id, _user(context))
            except RosterError as error:
                _log.warning("push_not_dropped", extra={"task": task_id, "reason": str(error)})

    def begun(self, task_id: str) -> None:
        """Note that a task begins here: nobody can have wished anything about it before."""
        self._known[task_id] = None
        if len(self._known) > MAX_TASKS:
            self._known.popitem(last=False)

    def wants_task(self, config: TaskPushNotificationConfig) -> bool:
        """Whether the client speaks 0.3, where the whole task is sent."""
        return (config.task_id, config.id) in self._older

    async def _remember(
        self,
        task_id: str,
        config: TaskPushNotificationConfig,
        context: ServerCallContext,
        *,
        is_older: bool,
    ) -> TaskPushNotificationConfig:
        stored = await super().set_info(task_id, config, context)
        if is_older:
            self._older.add((task_id, stored.id))
        return stored

    async def _load(self, task_id: str) -> None:
        """Take what a former process left at the controller, unless that was done."""
        if self._routes is None or task_id in self._known:
            return
        try:
            kept = await self._routes.pushes(task_id)
        except RosterError as error:
            _log.warning("pushes_unread", extra={"task": task_id, "reason": str(error)})
            return
        self.begun(task_id)
        for wish in kept:
            body: Mapping[str, Any] = wish["config"]
            owner = ServerCallContext(state={"headers": {"x-user-id": wish["user_id"]}})
            await self._remember(task_id, _read(body), owner, is_older=body.get(_OLDER) is True)


def _read(body: Mapping[str, Any]) -> TaskPushNotificationConfig:
    config = TaskPushNotificationConfig()
    json_format.ParseDict(dict(body), config, ignore_unknown_fields=True)
    return config


def _user(context: ServerCallContext) -> str:
    return headers_of(context).get("x-user-id", "")
