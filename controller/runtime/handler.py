"""The a2a-sdk's request handler, with what it gets wrong for watchers who come back.

It takes the snapshot of a task after it has begun to listen, so pieces of the answer that arrive in
between are in the snapshot and come once more as events (measured: 9 of 60 watchers of a quick
answer saw a piece twice). Pieces carry a number for that reason.
"""

from collections.abc import AsyncGenerator

from a2a.server.context import ServerCallContext
from a2a.server.events import Event
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.types import Artifact, SubscribeToTaskRequest, Task, TaskArtifactUpdateEvent

SEQUENCE = "roster_sequence"
"""Key of an artifact's metadata: the number of its latest piece."""


class Handler(DefaultRequestHandler):
    """Answers the requests of both protocol versions."""

    async def on_subscribe_to_task(
        self, params: SubscribeToTaskRequest, context: ServerCallContext
    ) -> AsyncGenerator[Event]:
        """A task as it is, then what happens to it: every piece once."""
        seen = 0
        async for event in super().on_subscribe_to_task(params, context):
            if isinstance(event, Task):
                # The library hands out the task that it goes on changing.
                snapshot = Task()
                snapshot.CopyFrom(event)
                seen = max(map(_number, snapshot.artifacts), default=0)
                yield snapshot
            elif isinstance(event, TaskArtifactUpdateEvent):
                number = _number(event.artifact)
                if not event.append or number > seen:
                    seen = number
                    yield event
            else:
                yield event


def _number(artifact: Artifact) -> int:
    known = SEQUENCE in artifact.metadata
    return int(artifact.metadata[SEQUENCE]) if known else 0
