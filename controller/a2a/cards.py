"""Agents' cards: which protocol versions they name, and how the gateway shows them.

A card of 1.0 lists `supportedInterfaces`; one of 0.3 has `url`, `preferredTransport` and
`protocolVersion` at its top. Cards shown here have both, whatever the agent speaks.
"""

from collections.abc import Mapping
from typing import Any

from controller.a2a.calls import UnknownVersionError, Version, version

_JSONRPC = "JSONRPC"
_OTHER_ADDRESSES = ("additionalInterfaces", "signatures")
"""Other ways to the agent, which do not lead here, and signatures, which would not fit any more."""


def spoken(card: Mapping[str, Any]) -> frozenset[Version]:
    """Give the versions that an agent speaks over JSON-RPC; empty where its card does not say."""
    listed = card.get("supportedInterfaces")
    interfaces = [entry for entry in listed if isinstance(entry, dict)] if listed else []
    names = [
        str(entry.get("protocolVersion", ""))
        for entry in interfaces
        if entry.get("protocolBinding", _JSONRPC) == _JSONRPC
    ]
    if card.get("url") and card.get("preferredTransport", _JSONRPC) == _JSONRPC:
        names.append(str(card.get("protocolVersion", "")))
    return frozenset(known for name in names if (known := _known(name)))


def shown(card: Mapping[str, Any], url: str) -> dict[str, Any]:
    """Give a card as the gateway shows it: at its own address, in both versions."""
    kept = {key: value for key, value in card.items() if key not in _OTHER_ADDRESSES}
    return {
        **kept,
        "url": url,
        "preferredTransport": _JSONRPC,
        "protocolVersion": "0.3.0",
        "supportedInterfaces": interfaces(url),
    }


def interfaces(url: str) -> list[dict[str, str]]:
    """Give the interfaces of an agent behind the gateway, preferred first."""
    return [
        {"url": url, "protocolBinding": _JSONRPC, "protocolVersion": known}
        for known in (Version.V10, Version.V03)
    ]


def _known(text: str) -> Version | None:
    try:
        return version(text)
    except UnknownVersionError:
        return None
