"""What an object says: canonical JSON and the hash of it."""

import hashlib
from typing import Any

import orjson

from controller.objects.keys import Manifest


def canonical(value: Any) -> bytes:
    """Give the JSON text of a value with sorted keys and no spaces, the same for equal values."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def content_hash(manifest: Manifest) -> str:
    """Give the SHA-256 of a manifest's canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical(dict(manifest))).hexdigest()
