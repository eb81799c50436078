"""One request as the verbs see it: what it is about, and how it wants to be carried out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from controller.local.apiserver.resources import Resource
from controller.local.apiserver.storage import Key


def timestamp(moment: datetime) -> str:
    """Write a moment as the API does, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, without its body: what it is about and how it wants to be carried out."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    manager: str = "unknown"
    dry_run: bool = False
    force: bool = False
    validation: str = "Warn"
    """What to do about unknown fields: Ignore, Warn or Strict."""
    duplicates: Sequence[str] = ()
    """Paths of fields that the body has twice; looked for where that is an error."""
    warnings: list[str] = field(default_factory=list)

    @property
    def key(self) -> Key:
        """Where the object is stored."""
        return Key(self.resource.storage_key, self.namespace, self.name)
