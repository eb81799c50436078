"""Which headers pass between clients and agents. What is not named here does not.

So hop-by-hop headers, cookies, credentials and whatever a client says about who it is stay behind.
"""

from collections.abc import Iterable, Mapping

import httpx

USER = "admin@kagent.dev"
"""Who asks while nobody signs in: kagent's user in its mode `unsecure`."""
USER_HEADER = "x-user-id"
SHARED_HEADER = "x-roster-shared"
"""Tells an agent that the caller is not the user himself, but has a link of his."""
TOKEN_HEADER = "x-share-token"  # noqa: S105 - the name of a header
VERSION_HEADER = "a2a-version"

_PASSED_ON = frozenset(
    {"accept", "a2a-extensions", VERSION_HEADER, "content-type", "last-event-id"}
    | {"traceparent", "tracestate"}
    # How kagent's agents, which call others through the gateway, tell whose turn this belongs to.
    | {"x-kagent-source", "x-kagent-parent-context-id", "x-kagent-root-context-id"}
)
_NEVER = frozenset(
    {"connection", "content-length", "cookie", "expect", "forwarded", "host", "keep-alive"}
    | {"proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"}
    | {"transfer-encoding", "upgrade", "accept-encoding", USER_HEADER, "x-agent-name"}
    | {SHARED_HEADER, TOKEN_HEADER}
)
"""What no definition can ask for: the connection's own headers, who asks, and what proves it."""
_PASSED_BACK = frozenset(
    {"a2a-extensions", VERSION_HEADER, "cache-control", "content-encoding", "content-length"}
    | {"content-type", "etag", "retry-after", "x-accel-buffering"}
)
CONFINED = {
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
}
"""What an agent answers must not act as a page of the dashboard, whose origin it shares."""


def permitted(names: Iterable[str]) -> frozenset[str]:
    """Give those of the headers, which a definition asks for, that may pass at all."""
    return frozenset(name.lower() for name in names) - _NEVER


def onward(
    given: Mapping[str, str],
    *,
    passes: frozenset[str],
    relay: Mapping[str, str],
    owner: str | None = None,
) -> dict[str, str]:
    """Give the headers of the request to an agent.

    Args:
        given: the client's, names in lower case.
        passes: what the agent's definition asks for beside the usual.
        relay: for whatever stands in between; they win over the client's.
        owner: in whose conversation the client acts by a link; None where it has none.
    """
    wanted = _PASSED_ON | permitted(passes)
    kept = {name: value for name, value in given.items() if name in wanted}
    # Compressed answers could not be read here without changing their bytes.
    who = {USER_HEADER: USER} if owner is None else {USER_HEADER: owner, SHARED_HEADER: "true"}
    return {**kept, **who, "accept-encoding": "identity", **relay}


def back(answer: httpx.Response) -> dict[str, str]:
    """Give the headers of the answer to a client."""
    passed = {name: value for name, value in answer.headers.items() if name in _PASSED_BACK}
    return {**passed, **CONFINED}
