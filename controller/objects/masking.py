"""Secret values leave this program only as masks.

Applied where objects are serialised (API, command line, logs, stored records), so that no
endpoint has to think of it: Argo CD forgot it in one new endpoint, with a severity of 9.6
(GHSA-3v3m-wc6v-x4x3), and in the last-applied annotation (GHSA-rg3g-4rw9-gqrp).
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any

from controller.objects.keys import Manifest

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_MASK = "********"
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


def _masked_values(values: Any) -> Any:
    if not isinstance(values, Mapping):
        return _MASK
    return {key: mask(value) for key, value in values.items()}
