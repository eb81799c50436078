"""What the dashboard's pages show: records sorted and grouped for a reader. Pure."""

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from markupsafe import Markup, escape

from controller.health import HealthStatus
from controller.objects import ObjectKey
from controller.state.records import (
    ApplicationRecord,
    ComponentStatus,
    ObjectResult,
    ObjectStatus,
    Operation,
    StoredFinding,
    SyncStatus,
)

T = TypeVar("T")

_GROUPS = {
    "Agent": "Agents",
    "ModelConfig": "Models",
    "RemoteMCPServer": "Tools",
    "MCPServer": "Tools",
}
"""Title of each kind's group. What a reader comes for stands first, everything else last."""
_OTHERS = "Others"
_GROUP_ORDER = (*dict.fromkeys(_GROUPS.values()), _OTHERS)
_HEALTH_ORDER = tuple(HealthStatus)
_HASH = re.compile(r"\b[0-9a-f]{20,}\b")
_CODE = re.compile(r"`([^`]+)`")
_YAML_KEY = re.compile(r"^(?P<key>[ -]*[^\s:#'\"][^\s:]*:)(?P<rest>(?: .*)?)$")


@dataclass(frozen=True, slots=True)
class ComponentRow:
    """One definition with the objects it rendered to."""

    component: ComponentStatus
    objects: tuple[ObjectStatus, ...]

    @property
    def size(self) -> int:
        """Number of objects."""
        return len(self.objects)

    @property
    def needs_attention(self) -> bool:
        """Whether something about it is not as it should be."""
        return self.component.sync is not SyncStatus.SYNCED or self.component.health not in {
            "Healthy",
            "Suspended",
        }


@dataclass(frozen=True, slots=True)
class ComponentGroup:
    """All definitions of one kind, or of kinds that belong together."""

    title: str
    rows: tuple[ComponentRow, ...]

    @property
    def is_mixed(self) -> bool:
        """Whether a reader needs to be told of which kind each row is."""
        return len({row.component.kind for row in self.rows}) > 1 or self.title == _OTHERS


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a unified diff and what it is: header, hunk, added, removed or same."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class YamlLine:
    """One line of YAML: its key with the indentation before it, and the rest."""

    key: str
    rest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finder:
    """Which definitions a reader looks for."""

    text: str
    show: str
    """`all`, or `attention` for those that are not as they should be."""

    def takes(self, row: ComponentRow) -> bool:
        """Tell whether a definition is to be shown."""
        item = row.component
        words = f"{item.kind} {item.namespace}/{item.name} {item.file}".lower()
        found = all(word in words for word in self.text.lower().split())
        return found and (self.show != "attention" or row.needs_attention)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[T]):
    """A page of a long list, for people: numbered, with the total."""

    items: tuple[T, ...]
    page: int
    pages: int
    first: int
    """Number of the first item shown, from 1; 0 where there is none."""
    last: int
    total: int


def listing(items: Sequence[T], page: str | None, *, size: int) -> Listing[T]:
    """Cut out a page; a number that makes no sense gives the nearest that does."""
    pages = max(1, -(-len(items) // size))
    wanted = int(page) if page and page.isdecimal() and len(page) < 7 else 1
    number = min(max(1, wanted), pages)
    shown = tuple(items[(number - 1) * size : number * size])
    first = (number - 1) * size + 1 if shown else 0
    return Listing(
        items=shown,
        page=number,
        pages=pages,
        first=first,
        last=first + len(shown) - 1 if shown else 0,
        total=len(items),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a reader looks for among an application's definitions, and what there is of it."""

    finder: Finder
    rows: tuple[ComponentRow, ...]
    listing: Listing[ComponentRow]
    attention: int
    """How many of all definitions are not as they should be."""


def search(record: ApplicationRecord, finder: Finder, page: str | None, *, size: int) -> Search:
    """Find definitions, and cut out a page of them."""
    every = rows(record)
    found = tuple(row for row in every if finder.takes(row))
    return Search(
        finder=finder,
        rows=found,
        listing=listing(found, page, size=size),
        attention=sum(row.needs_attention for row in every),
    )


def rows(record: ApplicationRecord) -> tuple[ComponentRow, ...]:
    """Give definitions with their objects, agents first."""
    objects: dict[str, list[ObjectStatus]] = {}
    for item in record.status.objects:
        objects.setdefault(item.component, []).append(item)
    return tuple(
        ComponentRow(item, tuple(sorted(objects.get(item.id, ()), key=_object_order)))
        for item in sorted(record.status.components, key=_component_order)
    )


def groups(rows: Iterable[ComponentRow]) -> tuple[ComponentGroup, ...]:
    """Give rows, in the order of `rows`, under the titles of their kinds."""
    return tuple(
        ComponentGroup(title, tuple(members))
        for title, members in itertools.groupby(rows, key=lambda row: _group(row.component))
    )


def totals(rows: Iterable[ComponentRow]) -> dict[str, int]:
    """Count the rows under each title."""
    counts: dict[str, int] = {}
    for row in rows:
        title = _group(row.component)
        counts[title] = counts.get(title, 0) + 1
    return counts


def orphans(record: ApplicationRecord) -> tuple[ObjectStatus, ...]:
    """Give the objects whose definition is no longer in git."""
    known = {item.id for item in record.status.components}
    left = (item for item in record.status.objects if item.component not in known)
    return tuple(sorted(left, key=_object_order))


def findings(record: ApplicationRecord) -> tuple[StoredFinding, ...]:
    """Give findings with errors first, then by place.

    What only follows from another is no finding here: its component says what it waits for.
    """
    return tuple(
        sorted(
            (item for item in record.status.findings if not item.cause),
            key=lambda item: (item.severity != "error", item.file, item.line, item.column),
        )
    )


def worst_first(records: Iterable[ApplicationRecord]) -> tuple[ApplicationRecord, ...]:
    """Give applications by name, those that need somebody before the others."""

    def order(record: ApplicationRecord) -> tuple[bool, str]:
        status = record.status
        well = status.sync is SyncStatus.SYNCED and status.health in {"Healthy", "Suspended"}
        return (well, record.spec.name)

    return tuple(sorted(records, key=order))


def counted(values: Iterable[str]) -> dict[str, int]:
    """Count values, the worst health or sync status first."""
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: _severity(item[0]), reverse=True))


def diff_lines(text: str) -> tuple[DiffLine, ...]:
    """Split a unified diff into lines of known kind; its headers are left out."""
    body = itertools.dropwhile(lambda line: not line.startswith("@@"), text.splitlines())
    return tuple(DiffLine(_kind_of_line(line), line) for line in body)


def diff_summary(lines: Sequence[DiffLine]) -> tuple[int, int]:
    """Count the lines that are added and those that are removed."""
    kinds = [line.kind for line in lines]
    return kinds.count("added"), kinds.count("removed")


def yaml_parts(text: str) -> tuple[YamlLine, ...]:
    """Split YAML so that keys can be told from values at a glance."""
    lines = (_YAML_KEY.match(line) or line for line in text.splitlines())
    return tuple(
        YamlLine("", line) if isinstance(line, str) else YamlLine(line["key"], line["rest"])
        for line in lines
    )


def with_code(text: str) -> Markup:
    """Give a message as HTML, with what stands in `backticks` as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped above


def ago(moment: datetime | None, now: datetime) -> str:
    """Say how long ago something was, as people do."""
    if moment is None:
        return "never"
    seconds = int((now - moment).total_seconds())
    if seconds < 5:
        return "just now"
    for limit, size, unit in ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h")):
        if seconds < limit:
            return f"{seconds // size} {unit} ago"
    if seconds < 30 * 86400:
        return f"{seconds // 86400} d ago"
    return f"{moment:%d %b %Y}"


def duration(started: datetime, finished: datetime | None) -> str:
    """Say how long something took; empty while it runs."""
    if finished is None:
        return ""
    took = max(finished - started, timedelta())
    seconds = took.total_seconds()
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def can_go_back(record: ApplicationRecord, item: Operation) -> bool:
    """Tell whether there is a revision to go back to: one that was applied, or tried."""
    return (
        bool(item.revision) and not item.dry_run and item.revision != record.status.synced_revision
    )


def short_hashes(text: str) -> str:
    """Cut hashes to what people compare by eye; the whole text belongs into a title."""
    return _HASH.sub(lambda found: f"{found[0][:7]}…", text)


def hooks_and_objects(
    results: Iterable[ObjectResult],
) -> tuple[tuple[ObjectResult, ...], tuple[ObjectResult, ...]]:
    """Give what became of hooks in the order in which they ran, and of objects, failures first."""
    results = tuple(results)
    hooks = tuple(item for item in results if _is_hook(item))
    objects = [item for item in results if not _is_hook(item)]
    return hooks, tuple(sorted(objects, key=lambda item: item.status in {"Synced", "Pruned"}))


def _is_hook(item: ObjectResult) -> bool:
    return bool(item.hook_phase) or item.status == "HookSkipped" or item.sync_phase != "Sync"


def _kind_of_line(line: str) -> str:
    if line.startswith("@@"):
        return "hunk"
    if line.startswith("+"):
        return "added"
    return "removed" if line.startswith("-") else "same"


def _component_order(item: ComponentStatus) -> tuple[int, str, str, str]:
    return (_GROUP_ORDER.index(_group(item)), item.kind, item.namespace, item.name)


def _group(item: ComponentStatus) -> str:
    return _GROUPS.get(item.kind, _OTHERS)


def _object_order(item: ObjectStatus) -> tuple[int, ObjectKey]:
    return (item.wave, ObjectKey.parse(item.key))


def _severity(status: str) -> int:
    order = [*_HEALTH_ORDER, SyncStatus.SYNCED, SyncStatus.OUT_OF_SYNC]
    ranks = {str(value): index for index, value in enumerate(order)}
    ranks[SyncStatus.SYNCED] = -1
    return ranks.get(status, len(ranks))
