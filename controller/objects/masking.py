"""Secret values leave this program only as masks.

Applied where objects are serialised (API, command line, logs, stored records), so that no
endpoint has to think of it: Argo CD forgot it in one new endpoint, with a severity of 9.6
(GHSA-3v3m-wc6v-x4x3), and in the last-applied annotation (GHSA-rg3g-4rw9-gqrp).
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from controller.objects.keys import Manifest

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_MASK = "********"
_SHORTEST = 8
"""Characters of a value worth looking for in a text: shorter ones would hit innocent words."""
_KEY = secrets.token_bytes(32)


def masked(manifest: Manifest) -> Manifest:
    """Give the object with every Secret value replaced by a mask; other kinds come back as is.

    Equal values get equal masks and different values different ones, within one process: a reader
    sees that a value changed without seeing the value.
    """
    if manifest.get("kind") != "Secret" or manifest.get("apiVersion") != "v1":
        return manifest
    shown = {
        name: _masked_values(value) if name in {"data", "stringData"} else value
        for name, value in manifest.items()
    }
    annotations = (manifest.get("metadata") or {}).get("annotations") or {}
    if LAST_APPLIED in annotations:
        kept = {**annotations, LAST_APPLIED: _MASK}
        shown["metadata"] = {**manifest["metadata"], "annotations": kept}
    return shown


def mask(value: object) -> str:
    """Give the mask of one value: stars and a keyed fingerprint that tells equal from changed."""
    fingerprint = hmac.new(_KEY, str(value).encode(), hashlib.sha256).hexdigest()[:6]
    return f"{_MASK} ({fingerprint})"


def scrubber(manifests: Iterable[Manifest]) -> Callable[[str], str]:
    """Give a function that masks, in any text, the values of the Secrets among these objects.

    For texts that others wrote: a pod's log, an event. What is shorter than eight characters, or
    spread over several lines and not whole lines of its own, cannot be told from other text.
    """
    values = {value for manifest in manifests for value in _values(manifest)}
    if not values:
        return lambda text: text
    # The longest first: a value may be part of another.
    pattern = re.compile("|".join(map(re.escape, sorted(values, key=len, reverse=True))))
    return lambda text: pattern.sub(lambda found: mask(found[0]), text)


def _values(manifest: Manifest) -> Iterator[str]:
    if manifest.get("kind") != "Secret" or manifest.get("apiVersion") != "v1":
        return
    encoded = [str(value) for value in (manifest.get("data") or {}).values()]
    plain = [str(value) for value in (manifest.get("stringData") or {}).values()]
    for value in (*encoded, *plain, *map(_decoded, encoded)):
        for line in value.splitlines():
            if len(line.strip()) >= _SHORTEST:
                yield line.strip()


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def _masked_values(values: Any) -> Any:
    if not isinstance(values, Mapping):
        return _MASK
    return {key: mask(value) for key, value in values.items()}
