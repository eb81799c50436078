"""Who owns which field of an object, kept once for all objects that say the same.

`managedFields` is a third of an object in memory, and a thousand Deployments from one template have
the same tree of fields. Objects are never changed in place, so they can share it.
"""

from collections import OrderedDict
from typing import Any

import orjson

from controller.objects import Manifest

_MOST = 2048
"""Different trees that are kept; a cluster of agents has a few dozen."""


class FieldSets:
    """Trees of `fieldsV1` by their content. Not safe for threads: its owner holds a lock."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._known: OrderedDict[bytes, Any] = OrderedDict()

    def shared(self, manifest: Manifest) -> Manifest:
        """Give the object with trees that others have too, where there are any."""
        metadata = manifest.get("metadata") or {}
        entries = metadata.get("managedFields")
        if not entries:
            return manifest
        fields = [
            {**entry, "fieldsV1": self._one(entry["fieldsV1"])} if "fieldsV1" in entry else entry
            for entry in entries
        ]
        return {**manifest, "metadata": {**metadata, "managedFields": fields}}

    def _one(self, tree: Any) -> Any:
        key = orjson.dumps(tree)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = tree
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(key)
        return known
