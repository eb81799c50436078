"""Writes the field numbers of Kubernetes' protobuf messages from a kubectl binary.

kubectl and other Go clients send some requests as protobuf. The published schemas have no field
numbers, but every Go program that speaks this format carries its compressed descriptors; kubectl is
the one at hand everywhere. Field numbers never change, so its version does not matter much.
Run: `python scripts/generate_protobuf.py /usr/bin/kubectl`.
"""

import gzip
import json
import re
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2

from controller.local.apiserver import schema

TARGET = Path(__file__).parents[1] / "controller/local/apiserver/protobuf.json.gz"
_PREFIX = "k8s.io."
# Larger than any single descriptor when compressed.
_WINDOW = 400_000
_FIELD = descriptor_pb2.FieldDescriptorProto
_CODES = {
    _FIELD.TYPE_STRING: "s",
    _FIELD.TYPE_BOOL: "b",
    _FIELD.TYPE_BYTES: "y",
    _FIELD.TYPE_MESSAGE: "m",
    _FIELD.TYPE_DOUBLE: "d",
}


def descriptors(binary: bytes) -> Iterator[Any]:
    """Find the compressed descriptors in a program."""
    for found in re.finditer(b"\x1f\x8b\x08", binary):
        piece = binary[found.start() : found.start() + _WINDOW]
        try:
            content = zlib.decompressobj(31).decompress(piece)
        except zlib.error:
            continue
        if b"generated.proto" in content[:120]:
            made = descriptor_pb2.FileDescriptorProto()
            made.ParseFromString(content)
            yield made


def messages(binary: bytes) -> dict[str, Any]:
    """Give the messages that the schemas know, and those nested in or embedded in them."""
    found = {}
    for file in descriptors(binary):
        for message in file.message_type:
            name = f"{file.package}.{message.name}".removeprefix(_PREFIX)
            found[name] = message
            for nested in message.nested_type:
                found[f"{name}.{nested.name}"] = nested
    return {name: m for name, m in found.items() if "v1alpha" not in name and "v1beta" not in name}


def entry(owner: str, field: Any) -> list[Any]:
    """Write a field: name, kind of value, message, whether repeated, whether part of its owner."""
    code = _CODES.get(field.type, "i")
    target = field.type_name.removeprefix(f".{_PREFIX}") if code == "m" else ""
    known = schema.published().definitions.nodes.get(f"io.k8s.{owner}", {}).get("properties", {})
    # Go embeds some structs into others; in JSON their fields are the owner's.
    embedded = code == "m" and bool(known) and field.name not in known
    repeated = field.label == _FIELD.LABEL_REPEATED
    return [field.name, code, target, int(repeated), int(embedded)]


def main() -> None:
    """Read the program and write the file."""
    found = messages(Path(sys.argv[1]).resolve().read_bytes())
    table = {
        name: {field.number: entry(name, field) for field in message.field}
        for name, message in sorted(found.items())
    }
    body = json.dumps(table, separators=(",", ":"))
    TARGET.write_bytes(gzip.compress(body.encode(), 9, mtime=0))
    print(f"{TARGET}: {len(table)} messages, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
