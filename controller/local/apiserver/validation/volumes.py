"""Volumes of pods: where each takes its files from, and where containers mount them."""

from collections.abc import Callable, Mapping, Sequence

from controller.local.apiserver import errors, quantity
from controller.local.apiserver.errors import Cause
from controller.local.apiserver.validation import common, references
from controller.local.apiserver.validation.common import Found, Value

_ONE_TYPE = "may not specify more than 1 volume type"
_MODE_TEXT = "must be a number between 0 and 0777 (octal), both inclusive"
_HOST_PATH_TYPES = (
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
)
_SHORTEST_TOKEN_S = 600
_LONGEST_TOKEN_S = 2**32


def check(volumes: Sequence[Value], place: str) -> tuple[Mapping[str, Value], list[Cause]]:
    """Check a pod's volumes; give those without fault by their names, and the faults."""
    known: dict[str, Value] = {}
    found: list[Cause] = []
    for at, volume in enumerate(volumes):
        name, inner = volume.get("name", ""), f"{place}[{at}]"
        faults = [*_source(volume, inner), *common.check_name(name, f"{inner}.name")]
        if name in known:
            faults.append(errors.duplicate(f"{inner}.name", name))
        if not faults:
            known[name] = volume
        found += faults
    return known, found


def check_mounts(mounts: Sequence[Value], place: str, volumes: Mapping[str, Value]) -> Found:
    """Check where a container mounts which of the pod's volumes."""
    paths: set[str] = set()
    for at, mount in enumerate(mounts):
        name, path, inner = mount.get("name", ""), mount.get("mountPath", ""), f"{place}[{at}]"
        if not name:
            yield errors.required(f"{inner}.name")
        if name not in volumes:
            yield errors.not_found_value(f"{inner}.name", name)
        if not path:
            yield errors.required(f"{inner}.mountPath")
        if path in paths:
            yield errors.invalid_value(f"{inner}.mountPath", path, "must be unique")
        paths.add(path)
        for part in ("subPath", "subPathExpr"):
            if mount.get(part):
                yield from _descending(mount[part], f"{inner}.{part}")
        if mount.get("subPath") and mount.get("subPathExpr"):
            why = "subPathExpr and subPath are mutually exclusive"
            yield errors.invalid_value(f"{inner}.subPathExpr", mount["subPathExpr"], why)


def _source(volume: Value, place: str) -> Found:
    kinds = [kind for kind in _SOURCES if kind in volume]
    others = [kind for kind in volume if kind != "name" and kind not in _SOURCES]
    if not kinds and not others:
        yield errors.required(place, "must specify a volume type")
    for extra in [*kinds, *others][1:]:
        yield errors.forbidden_field(f"{place}.{extra}", _ONE_TYPE)
    for kind in kinds[:1]:
        yield from _SOURCES[kind](volume[kind], f"{place}.{kind}")


def _empty(source: Value, place: str) -> Found:
    limit = source.get("sizeLimit")
    if limit is not None and quantity.parse(str(limit)) < 0:
        why = "SizeLimit field must be a valid resource quantity"
        yield errors.forbidden_field(f"{place}.sizeLimit", why)


def _host_path(source: Value, place: str) -> Found:
    path, kind = source.get("path", ""), source.get("type", "")
    if not path:
        yield errors.required(f"{place}.path")
        return
    yield from _without_steps_back(path, f"{place}.path")
    if kind not in _HOST_PATH_TYPES:
        yield errors.not_supported(f"{place}.type", kind, _HOST_PATH_TYPES)


def _nfs(source: Value, place: str) -> Found:
    yield from common.check_required(source, place, "server", "path")
    path = source.get("path", "")
    if not path.startswith("/"):
        yield errors.invalid_value(f"{place}.path", path, "must be an absolute path")


def _claim(source: Value, place: str) -> Found:
    yield from common.check_required(source, place, "claimName")


def _secret(source: Value, place: str) -> Found:
    yield from common.check_required(source, place, "secretName")
    yield from _mode(source, place, "defaultMode")
    yield from _items(source, place)


def _config_map(source: Value, place: str) -> Found:
    yield from common.check_required(source, place, "name")
    yield from _mode(source, place, "defaultMode")
    yield from _items(source, place)


def _downward(source: Value, place: str) -> Found:
    yield from _mode(source, place, "defaultMode")
    for file in source.get("items", ()):
        # The real server tells no index here.
        yield from _downward_file(file, place)


def _projected(source: Value, place: str) -> Found:
    yield from _mode(source, place, "defaultMode")
    paths: set[str] = set()
    for at, projection in enumerate(source.get("sources") or ()):
        inner = f"{place}.sources[{at}]"
        kinds = [kind for kind in _PROJECTIONS if kind in projection]
        for kind in kinds[:1]:
            yield from _PROJECTIONS[kind](projection[kind], f"{inner}.{kind}")
            yield from _conflicts(projection[kind], place, paths)
        for extra in kinds[1:]:
            why = "may not specify more than 1 volume type per source"
            yield errors.forbidden_field(f"{inner}.{extra}", why)


def _conflicts(source: Value, place: str, paths: set[str]) -> Found:
    files = source.get("items") or ([source] if "path" in source else [])
    for file in files:
        path = file.get("path", "")
        if path and path in paths:
            told = source.get("name") or path
            yield errors.invalid_value(place, told, "conflicting duplicate paths")
        paths.add(path)


def _projected_object(source: Value, place: str) -> Found:
    yield from common.check_required(source, place, "name")
    yield from _items(source, place)


def _projected_downward(source: Value, place: str) -> Found:
    for file in source.get("items", ()):
        yield from _downward_file(file, place)


def _token(source: Value, place: str) -> Found:
    length_s = source.get("expirationSeconds", _SHORTEST_TOKEN_S)
    if length_s < _SHORTEST_TOKEN_S:
        why = "may not specify a duration less than 10 minutes"
        yield errors.invalid_value(f"{place}.expirationSeconds", length_s, why)
    if length_s > _LONGEST_TOKEN_S:
        why = "may not specify a duration larger than 2^32 seconds"
        yield errors.invalid_value(f"{place}.expirationSeconds", length_s, why)
    if not source.get("path"):
        yield errors.required(f"{place}.path")
    else:
        yield from _unreserved(source["path"], f"{place}.path")


def _items(source: Value, place: str) -> Found:
    for at, item in enumerate(source.get("items", ())):
        inner = f"{place}.items[{at}]"
        yield from common.check_required(item, inner, "key", "path")
        yield from _unreserved(item.get("path", ""), f"{inner}.path")
        yield from _mode(item, inner, "mode")


def _downward_file(file: Value, place: str) -> Found:
    yield from common.check_required(file, place, "path")
    yield from _unreserved(file.get("path", ""), f"{place}.path")
    if "fieldRef" in file:
        yield from references.check_field(
            file["fieldRef"], f"{place}.fieldRef", references.OF_VOLUME
        )
        if "resourceFieldRef" in file:
            why = "fieldRef and resourceFieldRef can not be specified simultaneously"
            yield errors.invalid_value(place, "resource", why)
    elif "resourceFieldRef" in file:
        inner = f"{place}.resourceFieldRef"
        yield from references.check_resource(file["resourceFieldRef"], inner, needs_container=True)
    else:
        yield errors.required(place, "one of fieldRef and resourceFieldRef is required")
    yield from _mode(file, place, "mode")


def _mode(source: Value, place: str, name: str) -> Found:
    mode = source.get(name)
    if mode is not None and not 0 <= mode <= 0o777:
        yield errors.invalid_value(f"{place}.{name}", mode, _MODE_TEXT)


def _unreserved(path: str, place: str) -> Found:
    yield from _descending(path, place)
    # Names of the kubelet's own (`..data`).
    if path.startswith("..") and not path.startswith("../"):
        yield errors.invalid_value(place, path, "must not start with '..'")


def _descending(path: str, place: str) -> Found:
    if path.startswith("/"):
        yield errors.invalid_value(place, path, "must be a relative path")
    yield from _without_steps_back(path, place)


def _without_steps_back(path: str, place: str) -> Found:
    if ".." in path.split("/"):
        yield errors.invalid_value(place, path, "must not contain '..'")


_SOURCES: Mapping[str, Callable[[Value, str], Found]] = {
    "emptyDir": _empty,
    "hostPath": _host_path,
    "secret": _secret,
    "nfs": _nfs,
    "persistentVolumeClaim": _claim,
    "downwardAPI": _downward,
    "configMap": _config_map,
    "projected": _projected,
}
"""In the order in which the real server looks."""
_PROJECTIONS: Mapping[str, Callable[[Value, str], Found]] = {
    "secret": _projected_object,
    "configMap": _projected_object,
    "downwardAPI": _projected_downward,
    "serviceAccountToken": _token,
}
