"""Reads request bodies in Kubernetes' protobuf form, which Go clients prefer for built-in kinds.

Answers are always JSON, which those clients take as well. The messages' field numbers come from
protobuf.json.gz (scripts/generate_protobuf.py); a field that it does not know is left out.
"""

import base64
import gzip
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from importlib import resources as package_files
from typing import Any, TypeAlias

import orjson

from controller.local.apiserver import schema

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_META = "apimachinery.pkg.apis.meta.v1."
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
Table: TypeAlias = dict[str, dict[str, list[Any]]]


class ProtobufError(Exception):
    """The bytes are no such message."""


@cache
def _table() -> Table:
    packed = package_files.files("controller.local.apiserver") / "protobuf.json.gz"
    table: Table = orjson.loads(gzip.decompress(packed.read_bytes()))
    return table


def decode(body: bytes) -> dict[str, Any]:
    """Give the object in a body as JSON would have it.

    Raises:
        ProtobufError: the bytes make no sense, or the kind is unknown.
    """
    if not body.startswith(_MAGIC):
        raise ProtobufError("provided data does not appear to be a protobuf message")
    try:
        envelope = _message(body[len(_MAGIC) :], "apimachinery.pkg.runtime.Unknown")
        named = envelope.get("typeMeta", {})
        raw = base64.b64decode(envelope.get("raw", ""))
        value = _message(raw, _name_of(named.get("apiVersion", ""), named.get("kind", "")))
    except (IndexError, struct.error, UnicodeDecodeError) as e:
        raise ProtobufError(f"unexpected EOF: {e}") from e
    return {**named, **value}


def _name_of(api_version: str, kind: str) -> str:
    if kind == "DeleteOptions":
        return f"{_META}DeleteOptions"
    group, _, version = api_version.rpartition("/")
    name = schema.published().names.get((group, version, kind), "").removeprefix("io.k8s.")
    if name not in _table():
        raise ProtobufError(f'no kind "{kind}" is registered for version "{api_version}"')
    return name


def _parts(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """Split a message into field number, wire type and raw value."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, wire, value
        elif wire == _BYTES:
            length, at = _varint(data, at)
            if at + length > len(data):
                raise IndexError("a field is longer than its message")
            yield number, wire, data[at : at + length]
            at += length
        elif wire in {_FIXED64, _FIXED32}:
            size = 8 if wire == _FIXED64 else 4
            yield number, wire, data[at : at + size]
            at += size
        else:
            raise IndexError(f"wire type {wire} is unknown")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7


def _message(data: bytes, name: str) -> Any:
    special = _SPECIAL.get(name.rpartition(".")[2])
    fields = _table().get(name, {})
    made: dict[str, Any] = {}
    for number, _, raw in _parts(data):
        if str(number) not in fields:
            continue
        label, code, target, repeated, embedded = fields[str(number)]
        value = _value(raw, code, target)
        if embedded and isinstance(value, dict):
            made.update(value)
        elif repeated and target.endswith("Entry"):
            made.setdefault(label, {})[value.get("key", "")] = value.get("value", "")
        elif repeated:
            made.setdefault(label, []).append(value)
        else:
            made[label] = value
    return special(made) if special is not None else made


def _value(raw: Any, code: str, target: str) -> Any:
    match code:
        case "s":
            return raw.decode()
        case "b":
            return bool(raw)
        case "y":
            return base64.b64encode(raw).decode()
        case "d":
            return struct.unpack("<d", raw)[0]
        case "m":
            return _message(raw, target)
        case _:
            # Negative numbers are written as 64 bits in two's complement.
            return raw - (1 << 64) if raw >= 1 << 63 else raw


def _time(value: dict[str, Any]) -> str | None:
    if "seconds" not in value:
        return None
    return datetime.fromtimestamp(value["seconds"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _micro_time(value: dict[str, Any]) -> str | None:
    if "seconds" not in value:
        return None
    moment = datetime.fromtimestamp(value["seconds"], UTC)
    return moment.replace(microsecond=value.get("nanos", 0) // 1000).strftime(
        "%Y-%m-%dT%H:%M:%S.%fZ"
    )


def _int_or_string(value: dict[str, Any]) -> int | str:
    chosen: int | str = value.get("strVal", "") if value.get("type") else value.get("intVal", 0)
    return chosen


def _raw_json(value: dict[str, Any]) -> Any:
    raw = value.get("raw") or value.get("Raw")
    return orjson.loads(base64.b64decode(raw)) if raw else None


def _quantity(value: dict[str, Any]) -> str:
    return str(value.get("string", "0"))


def _extra_value(value: dict[str, Any]) -> list[str]:
    items: list[str] = value.get("items", [])
    return items


_SPECIAL: dict[str, Callable[[dict[str, Any]], Any]] = {
    "Time": _time,
    "MicroTime": _micro_time,
    "IntOrString": _int_or_string,
    "Quantity": _quantity,
    "RawExtension": _raw_json,
    "FieldsV1": _raw_json,
    "ExtraValue": _extra_value,
}
