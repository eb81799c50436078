"""An address of its own for every pod, so that each has its own port 8080.

On Linux all of 127.0.0.0/8 is the machine itself without any set-up. A cluster takes a block of
1,024 addresses by listening on the block's first one (the forward proxy does), so two clusters on
one machine never share one. Elsewhere there is only 127.0.0.1: pods then share it, and their ports
are mapped to free ones. The same mapping serves a port that is taken on all addresses by some other
program of this machine.
"""

import errno
import random
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

PROXY_PORT = 3128
_BLOCK_SIZE = 1024
_FIRST = int(IPv4Address("127.64.0.0"))
_BLOCKS = (int(IPv4Address("127.128.0.0")) - _FIRST) // _BLOCK_SIZE
_ATTEMPTS = 64
_SHARED = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class PodAddress:
    """Where a pod is reached."""

    ip: str
    ports: Mapping[int, int] = field(default_factory=dict)
    """Real port by container port, for those that differ."""


class Addresses:
    """The addresses of one cluster."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        """Bound and listening; holding it is holding the block."""
        self.node: str = listener.getsockname()[0]
        self._is_shared = self.node == _SHARED
        self._taken: dict[str, PodAddress] = {}
        self._next = 1

    def take(self, uid: str, ports: Iterable[int], *, wanted: str = "") -> PodAddress:
        """Give a pod its address: the one it has or had before, if that is possible."""
        if known := self._taken.get(uid):
            return known
        ip = self._shared_or_free(wanted)
        mapped = {port: _free_port(ip) for port in ports if self._is_shared or _in_use(ip, port)}
        self._taken[uid] = PodAddress(ip, mapped)
        return self._taken[uid]

    def release(self, uid: str) -> None:
        """Take an address back."""
        self._taken.pop(uid, None)

    def _shared_or_free(self, wanted: str) -> str:
        if self._is_shared:
            return _SHARED
        taken = {address.ip for address in self._taken.values()}
        first = int(IPv4Address(self.node))
        if (
            wanted
            and wanted not in taken
            and 0 < int(IPv4Address(wanted)) - first < _BLOCK_SIZE - 1
        ):
            return wanted
        for _ in range(_BLOCK_SIZE):
            # Round robin: a new pod does not get the address that a client may still talk to.
            self._next = self._next % (_BLOCK_SIZE - 2) + 1
            ip = str(IPv4Address(first + self._next))
            if ip not in taken:
                return ip
        message = f"all {_BLOCK_SIZE - 2} pod addresses of this local cluster are taken"
        raise OSError(errno.EADDRNOTAVAIL, message)


def claim(record: Path) -> Addresses:
    """Take a block of addresses: the recorded one of this cluster, if nobody took it meanwhile."""
    choice = random.Random()  # noqa: S311 - spreads clusters, guards nothing
    recorded = record.read_text().strip() if record.exists() else ""
    drawn = (
        str(IPv4Address(_FIRST + choice.randrange(_BLOCKS) * _BLOCK_SIZE)) for _ in range(_ATTEMPTS)
    )
    for first in [recorded, *drawn] if recorded else drawn:
        try:
            listener = _listen(first, PROXY_PORT)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                continue
            break  # this system has no other loopback addresses
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(first)
        return Addresses(listener)
    return Addresses(_listen(_SHARED, 0))


def _listen(ip: str, port: int) -> socket.socket:
    # The protocol is named, else asyncio leaves Nagle's algorithm on.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((ip, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def _in_use(ip: str, port: int) -> bool:
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((ip, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def _free_port(ip: str) -> int:
    with socket.socket() as attempt:
        attempt.bind((ip, 0))
        port: int = attempt.getsockname()[1]
        return port
