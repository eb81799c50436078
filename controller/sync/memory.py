"""Answers of comparisons, remembered: in steady state nothing is computed or asked twice."""

import threading
from collections import OrderedDict
from collections.abc import Hashable

from controller.diff.difference import Difference
from controller.diff.ignore import Rule
from controller.diff.normalise import normalised
from controller.objects import Manifest, content_hash
from controller.objects.metadata import CONTENT_HASH, annotations

_SIZE = 50_000


class Memory:
    """Differences by what was compared, the least used forgotten first. Safe between threads."""

    def __init__(self, size: int = _SIZE) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, Difference] = OrderedDict()

    def get(self, key: Hashable) -> Difference | None:
        """Give a remembered answer."""
        with self._lock:
            found = self._answers.get(key)
            if found is not None:
                self._answers.move_to_end(key)
            return found

    def put(self, key: Hashable, difference: Difference) -> None:
        """Remember an answer."""
        with self._lock:
            self._answers[key] = difference
            self._answers.move_to_end(key)
            if len(self._answers) > self._size:
                self._answers.popitem(last=False)


def exact_key(desired: Manifest, live: Manifest, rules: tuple[Rule, ...] = ()) -> Hashable:
    """Give the identity of a comparison with one state of one object, some fields left out."""
    metadata = live["metadata"]
    return (desired_hash(desired), metadata.get("uid"), metadata.get("resourceVersion"), rules)


def settled_key(desired: Manifest, live: Manifest, rules: tuple[Rule, ...] = ()) -> Hashable:
    """Give the identity of a dry-run: what counts of the live object, without status and versions.

    Owned fields are part of it, because an apply's outcome depends on them.
    """
    fields = [
        (entry.get("manager"), entry.get("operation"), entry.get("fieldsV1"))
        for entry in (live["metadata"].get("managedFields") or ())
        if not entry.get("subresource")
    ]
    counted = content_hash({"live": normalised(live), "fields": fields})
    return (desired_hash(desired), live["metadata"].get("uid"), counted, rules)


def desired_hash(desired: Manifest) -> str:
    """Give the content hash that rendering left on the manifest, or compute it."""
    return annotations(desired).get(CONTENT_HASH) or content_hash(desired)
