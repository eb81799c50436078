"""Mount paths of a container translated to the folders in which its volumes really are.

Without root and mount namespaces, `/config` cannot exist for one process only. So the kubelet
writes volumes below the pod's private folder and replaces every mention of a mount path in command,
arguments, environment and working directory. A program that has a path built in finds the same
map as JSON in the environment variable `ROSTER_MOUNTS`: `{"/config": "/…/volumes/config"}`.

In the same way `0.0.0.0`, "all addresses of this pod", becomes the pod's one address: all pods
share a loopback interface, and each would otherwise take its port from every other.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MOUNTS = "ROSTER_MOUNTS"

_ALL_ADDRESSES = re.compile(r"(?<![\d.])0\.0\.0\.0(?![\d./])")


@dataclass(frozen=True, slots=True)
class Translation:
    """What one container's texts are rewritten by."""

    mounts: Mapping[str, str]
    """Real path by mount path, without slashes at the end."""
    address: str
    ports: Mapping[int, int]
    """Real port by container port, where pods have no address of their own; else empty."""

    def path(self, path: str) -> str | None:
        """Translate a path that is at or below a mount; None where it is elsewhere."""
        for mount in sorted(self.mounts, key=len, reverse=True):
            if path == mount or path.startswith(mount.rstrip("/") + "/"):
                return self.mounts[mount] + path[len(mount) :]
        return None

    def text(self, text: str) -> str:
        """Rewrite every mention of a mount path, of all addresses, and of a mapped port."""
        if self.mounts:
            # In one pass: a real path may itself lie below a mount path, such as /tmp.
            text = _mention(self.mounts).sub(lambda found: self.mounts[found[0]], text)
        for port, real in self.ports.items():
            text = _port(port).sub(lambda match, to=real: f"{match[1]}{to}", text)  # type: ignore[misc]
        return _ALL_ADDRESSES.sub(self.address, text)


def _mention(mounts: Iterable[str]) -> re.Pattern[str]:
    """One of the paths, as a whole or as a beginning: in `--dir=/config/x`, not in `/app/config`.

    A URL's path (`http://host/config`) is preceded by a letter or digit, so it is left alone.
    """
    longest_first = sorted((mount.rstrip("/") for mount in mounts), key=len, reverse=True)
    either = "|".join(map(re.escape, longest_first))
    return re.compile(rf"(?<![\w./~-])(?:{either})(?=/|$|[^\w./-]|\.(?:\W|$))")


def _port(port: int) -> re.Pattern[str]:
    """The number as a text of its own, as an option's value, or after this pod's address.

    Not after another host: `http://other:8080` is somebody else's port.
    """
    here = r"(?:0\.0\.0\.0|127\.0\.0\.1|localhost)?:"
    return re.compile(rf"^((?:--?[\w-]+=)?(?:{here})?){port}$")
