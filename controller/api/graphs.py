"""The tree of an application as a graph: definitions, their objects, and what became of those.

Nested lists that the style sheet draws side by side: it reads by ear and on a phone, folds without
scripts, and costs no layout on the server.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import flask

from controller.api import pages, tree
from controller.api.applications import find, versions_token
from controller.api.dashboard import DEFINITIONS, blueprint, page, searched, stream
from controller.api.pages import ComponentRow
from controller.api.resources import sight
from controller.diff import ignore
from controller.objects.metadata import IGNORE_DIFFERENCES, annotations
from controller.state.records import ApplicationRecord

__all__ = ["blueprint"]

OPEN_NODES = 80
"""Up to so many nodes all are shown at once; in a larger graph the definitions that are well are
folded, so that it stays readable and one finds what is not."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One definition with what became of it."""

    row: ComponentRow
    nodes: tuple[tree.Node, ...]
    is_open: bool

    @property
    def is_plain(self) -> bool:
        """Whether the definition is the object: a plain manifest, which needs no node twice."""
        item = self.row.component
        return len(self.nodes) == 1 and (self.nodes[0].key.kind, self.nodes[0].key.name) == (
            item.kind,
            item.name,
        )


@blueprint.get("/applications/<name>/tree")
def graph(name: str) -> flask.Response:
    """Show an application's objects as a graph of owners."""
    record = find(name)
    found = searched(record)
    listing = found.listing
    orphans = pages.orphans(record)[:DEFINITIONS] if listing.page == listing.pages else ()
    seen = sight()
    return page(
        "tree.html",
        record=record,
        finder=found.finder,
        listing=listing,
        branches=_branches(listing.items, seen),
        orphans=[tree.of_object(item, seen) for item in orphans],
        attention=found.attention,
        is_ignored=lambda node: _is_ignored(record, node),
        stream=stream(versions_token([record]), name=name),
    )


def _branches(rows: Iterable[ComponentRow], seen: tree.Sight) -> list[Branch]:
    found = [
        (row, tree.workloads_first(tree.of_object(item, seen) for item in row.objects))
        for row in rows
    ]
    count = sum(1 for _, nodes in found for node in nodes for _ in node.walk())
    return [
        Branch(row, nodes, is_open=count <= OPEN_NODES or row.needs_attention)
        for row, nodes in found
    ]


def _is_ignored(record: ApplicationRecord, node: tree.Node) -> bool:
    """Tell whether fields of an object of git are left to others."""
    if node.item is None:
        return False
    by_rule = bool(ignore.matching(record.spec.ignore_differences, node.key))
    return by_rule or IGNORE_DIFFERENCES in annotations(node.manifest or {})
