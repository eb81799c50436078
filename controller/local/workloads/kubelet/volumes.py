"""Volumes as folders: what a pod's volumes hold, and how they are written.

ConfigMaps, Secrets, projections and the downward API are written as the kubelet's atomic writer
does it: files are links through `..data`, a link that is swapped when the content changes, so a
reader sees the old set of files or the new one and never a mixture.
"""

import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.local.workloads.kubelet import environment, fields
from controller.objects import Manifest

TOKEN_EXPIRY_S = 3600
_MODE = 0o644
_DATA = "..data"


class VolumeError(Exception):
    """A volume cannot be made yet, or at all; the message is the event's."""


@dataclass(frozen=True, slots=True)
class File:
    """One file of a volume."""

    content: bytes
    mode: int


Files = Mapping[str, File]


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A service account token that a projected volume wants."""

    audience: str
    expiry_s: int


def token_requests(pod: Manifest) -> set[TokenRequest]:
    """List the tokens that the pod's volumes want."""
    return {
        _token_request(source["serviceAccountToken"])
        for volume in pod["spec"].get("volumes") or ()
        for source in (volume.get("projected") or {}).get("sources") or ()
        if "serviceAccountToken" in source
    }


def references(pod: Manifest) -> set[tuple[str, str]]:
    """List the ConfigMaps and Secrets that the pod's volumes show, as kind and name."""
    found: set[tuple[str, str]] = set()
    for volume in pod["spec"].get("volumes") or ():
        sources = (volume.get("projected") or {}).get("sources") or (volume,)
        for source in sources:
            if "configMap" in source:
                found.add(("ConfigMap", source["configMap"].get("name", "")))
            if "secret" in source:
                secret = source["secret"]
                found.add(("Secret", secret.get("secretName") or secret.get("name", "")))
    return found


@dataclass(frozen=True, slots=True)
class Sources:
    """Where volumes get their content from."""

    lookup: environment.Lookup
    tokens: Mapping[TokenRequest, str]
    address: str
    claims: Callable[[str], Path]
    """Gives the folder of a persistent volume claim."""


def materialise(pod: Manifest, volume: Mapping[str, Any], folder: Path, sources: Sources) -> Path:
    """Make or renew a volume, and give the folder that it is.

    Raises:
        VolumeError: what it shows does not exist, or the kind of volume is not supported.
    """
    if "emptyDir" in volume or "ephemeral" in volume:
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    if "hostPath" in volume:
        return Path(volume["hostPath"]["path"])
    if "persistentVolumeClaim" in volume:
        claim = sources.claims(volume["persistentVolumeClaim"]["claimName"])
        claim.mkdir(parents=True, exist_ok=True)
        return claim
    write(folder, files_of(pod, volume, sources))
    return folder


def files_of(pod: Manifest, volume: Mapping[str, Any], sources: Sources) -> dict[str, File]:
    """Give the files of a volume that shows other objects.

    Raises:
        VolumeError: what it shows does not exist, or the kind of volume is not supported.
    """
    if "projected" in volume:
        projected = volume["projected"]
        mode = projected.get("defaultMode", _MODE)
        files: dict[str, File] = {}
        for source in projected.get("sources") or ():
            files |= _of_source(pod, source, mode, sources)
        return files
    for kind in ("configMap", "secret", "downwardAPI"):
        if kind in volume:
            return _of_source(pod, volume, volume[kind].get("defaultMode", _MODE), sources)
    kinds = ", ".join(sorted(set(volume) - {"name"}))
    message = f'volume "{volume["name"]}": {kinds} is not supported by the local cluster'
    raise VolumeError(message)


def write(folder: Path, files: Files) -> bool:
    """Write the files at once, and say whether anything changed."""
    current = folder / _DATA
    if current.exists() and _read(current) == dict(files):
        return False
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f"..{secrets.token_hex(6)}"
    for name, file in files.items():
        if ".." in Path(name).parts or Path(name).is_absolute():
            message = f"path {name!r} leads out of its volume"
            raise VolumeError(message)
        path = fresh / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        path.chmod(file.mode)
    fresh.mkdir(exist_ok=True)
    old = current.readlink() if current.is_symlink() else None
    _swap(folder, fresh.name)
    _link(folder, {name.split("/", 1)[0] for name in files})
    if old:
        shutil.rmtree(folder / old, ignore_errors=True)
    return True


def _swap(folder: Path, target: str) -> None:
    temporary = folder / "..data_tmp"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(folder / _DATA)


def _link(folder: Path, names: set[str]) -> None:
    for name in names:
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(f"{_DATA}/{name}")
    for entry in folder.iterdir():
        if entry.is_symlink() and entry.name != _DATA and entry.name not in names:
            entry.unlink()


def _read(folder: Path) -> dict[str, File]:
    return {
        str(path.relative_to(folder)): File(path.read_bytes(), path.stat().st_mode & 0o777)
        for path in folder.rglob("*")
        if path.is_file()
    }


def _of_source(
    pod: Manifest, source: Mapping[str, Any], mode: int, sources: Sources
) -> dict[str, File]:
    if "configMap" in source:
        return _of_object("ConfigMap", source["configMap"], mode, sources.lookup)
    if "secret" in source:
        return _of_object("Secret", source["secret"], mode, sources.lookup)
    if "downwardAPI" in source:
        return _of_pod(pod, source["downwardAPI"], mode, sources.address)
    if "serviceAccountToken" in source:
        wanted = source["serviceAccountToken"]
        token = sources.tokens[_token_request(wanted)]
        # As the real kubelet where it can give the file to the container's user.
        return {wanted["path"]: File(token.encode(), 0o600)}
    message = f"a projection of {', '.join(source)} is not supported by the local cluster"
    raise VolumeError(message)


def _of_object(
    kind: str, reference: Mapping[str, Any], mode: int, lookup: environment.Lookup
) -> dict[str, File]:
    name = reference.get("secretName") or reference.get("name") or ""
    found = lookup(kind, name)
    if found is None:
        if reference.get("optional"):
            return {}
        raise VolumeError(f'{kind.lower()} "{name}" not found')
    content = environment.content(found)
    items = reference.get("items")
    if not items:
        return {key: File(value, mode) for key, value in content.items()}
    files = {}
    for item in items:
        if item["key"] in content:
            files[item["path"]] = File(content[item["key"]], item.get("mode", mode))
        elif not reference.get("optional"):
            raise VolumeError(f"references non-existent {kind.lower()} key: {item['key']}")
    return files


def _of_pod(pod: Manifest, downward: Mapping[str, Any], mode: int, address: str) -> dict[str, File]:
    files = {}
    for item in downward.get("items") or ():
        if "fieldRef" in item:
            text = fields.field(pod, item["fieldRef"]["fieldPath"], address=address)
        else:
            reference = item["resourceFieldRef"]
            containers = (each for each in pod["spec"]["containers"])
            chosen = next(c for c in containers if c["name"] == reference.get("containerName"))
            text = fields.resource(chosen, reference)
        files[item["path"]] = File(text.encode(), item.get("mode", mode))
    return files


def _token_request(wanted: Mapping[str, Any]) -> TokenRequest:
    return TokenRequest(wanted.get("audience", ""), wanted.get("expirationSeconds", TOKEN_EXPIRY_S))
