"""Where agents answer, and the HTTP client that asks them."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import httpx

CONNECT_S = 5.0
SILENCE_S = 600.0
"""Longest silence of an agent, before its first byte and between two. It may think for minutes;
whoever streams is sent comments in between."""
_WRITE_S = 30.0
_RETRIES = 2
"""Of a refused connection, half a second apart: nothing was sent then, so nothing is done twice."""
_KEEP_ALIVE_S = 2.0
"""Less than the five seconds after which uvicorn, and so most agents, close an idle connection: a
request that is sent at that moment would be lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where an agent answers."""

    url: str
    """With a slash at the end."""
    headers: Mapping[str, str]
    """For whatever relays the request; a relay keeps its own credentials to itself."""
    passes: frozenset[str] = frozenset()
    """Names of the client's headers, in lower case, that the agent's definition asks for."""
    is_relayed: bool = False
    """Whether the API server stands in between, whose own errors are not the agent's."""
    state: str = ""
    """How the agent does, for the message when it does not answer."""


Find: TypeAlias = Callable[[str, str], Upstream]
"""Finds an agent by namespace and name. Raises PermanentError where there is none, TransientError
where it cannot answer now. Called in the event loop: it must not wait for anything."""


def client(tls: ssl.SSLContext) -> httpx.AsyncClient:
    """Make the client that all requests to agents share; it bounds times, not connections."""
    limits = httpx.Limits(
        max_connections=None, max_keepalive_connections=64, keepalive_expiry=_KEEP_ALIVE_S
    )
    return httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(
            verify=tls, trust_env=False, limits=limits, retries=_RETRIES
        ),
        timeout=httpx.Timeout(SILENCE_S, connect=CONNECT_S, write=_WRITE_S),
        trust_env=False,
    )
