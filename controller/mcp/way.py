"""The way to an MCP server, and what it says of its tools: plain data, free of the library."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a server is reached."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Sent with every request; they hold secrets."""
    is_sse: bool = False
    timeout_s: float = 30.0
    tls: ssl.SSLContext | bool = True
    """Trust; False accepts any certificate."""
    prefix: str = ""
    """Path below which a relay shows the server: what the server calls `/x` is at `prefix/x`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A tool, as its server describes it."""

    name: str
    description: str = ""
    input_schema: Mapping[str, Any] = field(default_factory=dict)
    output_schema: Mapping[str, Any] | None = None
    annotations: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A server's answer to the question for its tools."""

    tools: tuple[Listed, ...]
    server_name: str = ""
    server_version: str = ""
    protocol_version: str = ""
    latency_s: float = 0.0
    """From the connection to the last page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a tool gave back."""

    content: tuple[Mapping[str, Any], ...]
    """Content blocks in MCP's JSON."""
    structured: Any = None
    is_error: bool = False
