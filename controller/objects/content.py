"""What an object says: canonical JSON, the hash of it, and its texts kept once."""

import hashlib
import sys
from typing import Any

import orjson

from controller.objects.keys import Manifest

_SHORT = 64
"""Characters of a text that other objects are likely to say too: names, images, quantities."""


def canonical(value: Any) -> bytes:
    """Give the JSON text of a value with sorted keys and no spaces, the same for equal values."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def content_hash(manifest: Manifest) -> str:
    """Give the SHA-256 of a manifest's canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical(dict(manifest))).hexdigest()


def shared(value: Any) -> Any:
    """Give a copy whose keys and short texts are the same objects wherever they are equal.

    A thousand agents say `containers` and `RuntimeDefault` a thousand times; parsers make each of
    them anew, which is half of what an object takes in memory.
    """
    if isinstance(value, str):
        return sys.intern(value) if len(value) <= _SHORT else value
    if isinstance(value, dict):
        return {shared(key): shared(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shared(inner) for inner in value]
    return value
