"""What a client asks: the JSON-RPC method, and the protocol version that it speaks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

import orjson

VERSION_NOT_SUPPORTED = -32009
"""The error code of the A2A specification 1.0, section 5.4."""
_STREAMING = frozenset(
    {"message/stream", "tasks/resubscribe", "SendStreamingMessage", "SubscribeToTask"}
)
_OWN_CARD = frozenset({"agent/getAuthenticatedExtendedCard", "GetExtendedAgentCard"})
_NUMBERS = re.compile(r"(\d+)\.(\d+)(?:\.\d+)?")


class Version(StrEnum):
    """Protocol versions that the gateway understands."""

    V03 = "0.3"
    V10 = "1.0"


class UnknownVersionError(Exception):
    """The client speaks a version that nobody here does."""


def version(text: str) -> Version:
    """Read a version as the header `A2A-Version` and cards write it; none means 0.3.

    The patch number never matters, and a later 1.x is answered as 1.0 (specification 1.0,
    section 3.6).

    Raises:
        UnknownVersionError: it is none of ours.
    """
    if not text.strip():
        return Version.V03
    found = _NUMBERS.fullmatch(text.strip())
    if found and found[1] == "1":
        return Version.V10
    if found and (found[1], found[2]) == ("0", "3"):
        return Version.V03
    raise UnknownVersionError(
        f"A2A-Version {text[:20]!r} is not supported; this gateway speaks 1.0 and 0.3."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The parts of a JSON-RPC request that the gateway looks at."""

    id: str | int | None = None
    method: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, body: bytes) -> Self:
        """Read a request; one that is none gives an empty call, which its agent may refuse."""
        try:
            content = orjson.loads(body)
        except orjson.JSONDecodeError:
            return cls()
        if not isinstance(content, dict):
            return cls()
        given, method, params = (content.get(name) for name in ("id", "method", "params"))
        is_id = isinstance(given, str | int) and not isinstance(given, bool)
        return cls(
            id=given if is_id else None,
            method=method if isinstance(method, str) else "",
            params=params if isinstance(params, dict) else {},
        )

    @property
    def is_stream(self) -> bool:
        """Whether the answer goes on for as long as the agent works."""
        return self.method in _STREAMING

    @property
    def asks_for_card(self) -> bool:
        """Whether the answer holds a card, whose addresses are the agent's own."""
        return self.method in _OWN_CARD

    def body(self) -> bytes:
        """Give the request anew: nothing is in it but what was looked at, and that once."""
        return orjson.dumps(
            {"jsonrpc": "2.0", "id": self.id, "method": self.method, "params": self.params}
        )

    def error(self, code: int, message: str) -> dict[str, Any]:
        """Give the JSON-RPC answer that says what went wrong."""
        return {"jsonrpc": "2.0", "id": self.id, "error": {"code": code, "message": message}}
