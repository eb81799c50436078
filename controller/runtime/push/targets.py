"""Which addresses an agent may be told to call.

A client names the address, the agent calls it: without a check, that is a way into the cluster's
network and to the cloud's metadata service (SSRF). So only public addresses are called, and those
of `ROSTER_PUSH_TARGETS`: host names and networks, separated by commas. The address that was checked
is the one that is called, so that a name cannot lead elsewhere a moment later.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from controller.errors import PermanentError, TransientError

VARIABLE = "ROSTER_PUSH_TARGETS"

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A checked address: the URL names the machine by number, `host` by name."""

    url: str
    host: str
    """For the Host header, with the port where it is not the usual one."""
    name: str
    """For the certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """The addresses that are allowed besides public ones."""

    names: frozenset[str] = frozenset()
    networks: tuple[_Network, ...] = ()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Targets":
        """What `ROSTER_PUSH_TARGETS` allows."""
        names, networks = set(), []
        for entry in environment.get(VARIABLE, "").replace(" ", "").split(","):
            try:
                networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                names.add(entry.lower())
        return cls(names=frozenset(names - {""}), networks=tuple(networks))

    async def checked(self, url: str) -> Target:
        """The address behind a URL.

        Raises:
            PermanentError: it must not be called.
            TransientError: its name is not known at the moment.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as error:
            raise PermanentError(f"That is no URL: {error}.") from error
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            # Not told in full: what it holds besides may be a secret.
            raise PermanentError(f"That is no plain http or https URL: {parts.hostname or 'none'}.")
        address = await self._resolved(parts.hostname, port)
        number = f"[{address}]" if address.version == 6 else str(address)
        return Target(
            url=urlunsplit((parts.scheme, f"{number}:{port}", parts.path, parts.query, "")),
            host=parts.netloc,
            name=parts.hostname,
        )

    async def _resolved(self, host: str, port: int) -> _Address:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise TransientError(f"{host} cannot be resolved: {error}.") from error
        addresses = [ipaddress.ip_address(str(info[4][0]).split("%")[0]) for info in found]
        if host.lower() not in self.names:
            for address in addresses:
                self._check(host, address)
        return addresses[0]

    def _check(self, host: str, address: _Address) -> None:
        inner = _within(address)
        if any(inner.version == net.version and inner in net for net in self.networks):
            return
        is_public = inner.is_global and not getattr(inner, "is_site_local", False)
        if not is_public or inner.is_multicast or inner.is_reserved:
            raise PermanentError(
                f"{host} is {inner}, which is no public address.",
                remedy=f"Allow its name or network by {VARIABLE} in the agent's environment.",
            )


def _within(address: _Address) -> _Address:
    """The address that another one stands for: of version 4, in one of version 6."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    return address.ipv4_mapped or address.sixtofour or address
