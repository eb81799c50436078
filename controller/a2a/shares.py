"""Links to a conversation: whoever shows the token of one acts in that conversation, nowhere else.

kagent's contract: the header `X-Share-Token` makes the caller the conversation's owner, a link for
reading lets him look, and what is outside of the conversation stays out of reach. The agent hears
of the owner only, so everything that a request names is checked here.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from controller.a2a.calls import Call

_READING = frozenset(
    {"tasks/get", "GetTask", "tasks/resubscribe", "SubscribeToTask", "tasks/list", "ListTasks"}
)
_SENDING = frozenset({"message/send", "message/stream", "SendMessage", "SendStreamingMessage"})
_WRITING = _SENDING | {"tasks/cancel", "CancelTask"}
_LISTING = frozenset({"tasks/list", "ListTasks"})
_CARDS = frozenset({"agent/getAuthenticatedExtendedCard", "GetExtendedAgentCard"})
_LOOKS, _LOOK_S = 10, 0.1
"""A client may hear of a task a moment before the agent has stored it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a token leads to."""

    context: str
    """Id of the conversation."""
    user: str
    """Whose it is."""
    is_read_only: bool
    has_task: Callable[[str], bool]
    """Whether a task is one of the conversation's; may wait for a disk."""


FindLink: TypeAlias = Callable[[str, str, str], Link | None]
"""Finds a link by its token and the agent's namespace and name; may wait for a disk."""


class LinkRefusedError(Exception):
    """The link does not allow this."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message, self.remedy = message, remedy


def nowhere(_token: str, _namespace: str, _name: str) -> None:
    """Find no link, where there are none."""


async def check(link: Link, call: Call) -> None:
    """Let a call pass that stays within its conversation.

    Raises:
        LinkRefusedError: it does not, or may not be made with this link.
    """
    if call.method in _CARDS:
        return
    if call.method not in _READING | _WRITING:
        raise LinkRefusedError(
            "A link to a conversation does not allow this method.",
            "Send messages, get, list, watch or cancel tasks with it.",
        )
    if link.is_read_only and call.method not in _READING:
        raise LinkRefusedError("This link is for reading only.", "Ask the owner for another.")
    if _wishes_to_be_told(call.params):
        raise LinkRefusedError(
            "A link to a conversation does not allow push notifications.", "Send without them."
        )
    contexts, tasks = _named(call.params)
    needs_context = call.method in _SENDING | _LISTING
    if any(context != link.context for context in contexts) or (needs_context and not contexts):
        raise LinkRefusedError(
            "This link leads to another conversation.", "Send the contextId that it is for."
        )
    if not needs_context and not tasks:
        raise LinkRefusedError("The task is not named.", "Send its id.")
    for task in tasks:
        if not await _holds(link, task):
            raise LinkRefusedError(
                "There is no such task in the conversation that this link is for.",
                "Ask for those of the conversation.",
            )


async def _holds(link: Link, task: Any) -> bool:
    if not isinstance(task, str):
        return False
    for look in range(_LOOKS):
        if await asyncio.to_thread(link.has_task, task):
            return True
        if look < _LOOKS - 1:
            await asyncio.sleep(_LOOK_S)
    return False


def _named(params: Mapping[str, Any]) -> tuple[list[Any], list[Any]]:
    """Give the contexts and the tasks that a call names, in any spelling that an agent may read."""
    messages = [message for message in _under(params, "message") if isinstance(message, Mapping)]
    places = (params, *messages)
    contexts = [value for place in places for value in _under(place, "contextid")]
    tasks = [value for place in places for value in _under(place, "taskid")]
    tasks += _under(params, "id")
    for message in messages:
        for several in _under(message, "referencetaskids"):
            tasks += several if isinstance(several, list) else [several]
    return contexts, [task for task in tasks if task is not None and task != ""]


def _wishes_to_be_told(params: Mapping[str, Any]) -> bool:
    """Tell whether a message names an address to call: that would outlive the link."""
    return any(
        "pushnotification" in _folded(key)
        for place in _under(params, "configuration")
        if isinstance(place, Mapping)
        for key in place
    )


def _under(place: Mapping[str, Any], name: str) -> Iterator[Any]:
    """Give what stands under a name, in every spelling.

    Parsers differ: protobuf's takes `context_id` as well as `contextId`, Go's takes `CONTEXTID`,
    and which one wins where there are two is theirs.
    """
    return (value for key, value in place.items() if _folded(key) == name)


def _folded(key: str) -> str:
    return key.replace("_", "").casefold()
