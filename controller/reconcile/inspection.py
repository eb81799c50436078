"""What one may look at behind an application: both sides of an object, other revisions, secrets.

Reads what is known. Only a revision that is named is fetched and rendered, for whoever asks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from controller.cluster.client import Client
from controller.cluster.live import LiveState
from controller.diff.difference import Difference
from controller.errors import PermanentError
from controller.objects import Manifest, ObjectKey, scrubber
from controller.reconcile.desired import Desired
from controller.reconcile.revisions import Revision, Revisions
from controller.state.records import ApplicationRecord
from controller.state.store import Store
from controller.sync import compare
from controller.sync.jqpaths import PathFinder
from controller.sync.memory import Memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """Looks, and changes nothing. Safe to share between threads."""

    store: Store
    revisions: Revisions
    client: Client
    live: LiveState
    memory: Memory
    find_paths: PathFinder
    _indexes: dict[str, tuple[Desired, Mapping[ObjectKey, Manifest]]] = field(default_factory=dict)

    def comparison(self, name: str, key: ObjectKey) -> Difference | None:
        """Give what comparing an object came to; None where git does not ask for it.

        No request is made: the server's prediction is there where one is remembered.
        """
        desired = self._objects(name).get(key)
        if desired is None:
            return None
        return compare.remembered_or_local(
            desired,
            self.live.get(key),
            self.memory,
            ignored=self._record(name).spec.ignore_differences,
            find=self.find_paths,
        )

    def revision(self, name: str, target: str | None) -> Revision:
        """Give the compared revision of an application, or one that is named.

        Raises:
            RosterError: the application or the revision does not exist, or cannot be read.
        """
        record = self._record(name)
        if target is None:
            return self.revisions.current(record, refresh=False)
        return self.revisions.at(record, target)

    def scrubber(self, name: str) -> Callable[[str], str]:
        """Give what masks the values of an application's Secrets in a text."""
        return scrubber(self.live.managed(name).values())

    def _objects(self, name: str) -> Mapping[ObjectKey, Manifest]:
        """Give the desired objects by key; an index is made once a revision."""
        desired = self.revision(name, None).desired
        known = self._indexes.get(name)
        if known is None or known[0] is not desired:
            known = self._indexes[name] = (desired, desired.objects())
        return known[1]

    def _record(self, name: str) -> ApplicationRecord:
        record = self.store.application(name)
        if record is None:
            raise PermanentError(f"There is no application {name!r}.")
        return record
