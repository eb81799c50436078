"""Pages that look into one application: an object, events, logs, history and operations."""

import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence

import flask
import yaml

from controller.api import events as event_views
from controller.api import nodes, origins, pages, present, tree
from controller.api.applications import find, versions_token
from controller.api.dashboard import argument, blueprint, page, stream
from controller.api.objectshapes import EventShape
from controller.api.problems import not_found
from controller.api.resources import find_node, node_states, sight
from controller.errors import RosterError
from controller.objects import Manifest, ObjectKey
from controller.state.records import ApplicationRecord, Operation
from controller.telemetry import redact

__all__ = ["blueprint"]

EVENTS = 100
OPERATIONS = 25
RESULTS = 100
"""Rows of a page."""
_FEW_EVENTS = 8
_TAIL = 500
_GOOD = frozenset({"Healthy", "Suspended"})


@blueprint.get("/applications/<name>/objects/<path:key>")
def managed_object(name: str, key: str) -> flask.Response:
    """Show one object: where it comes from, what differs, both manifests, events, what is below."""
    record = find(name)
    node = find_node(record, _key(key))
    difference, live = node_states(record, node)
    events, problem = _events(lambda: event_views.below(record, [node]))
    return page(
        "object.html",
        record=record,
        node=node,
        item=node.item,
        key=node.key,
        origin=origins.shape(record, node.item) if node.item else None,
        desired=_yaml(difference.desired if difference else None),
        live=_yaml(live),
        diff=pages.diff_lines(nodes.diff(node.item, difference)),
        is_predicted=bool(difference and difference.predicted),
        events=events[:_FEW_EVENTS],
        events_problem=problem,
        has_log=bool(tree.pods([node])),
        stream=stream(versions_token([record]), name=name),
    )


@blueprint.get("/applications/<name>/events")
def events(name: str) -> flask.Response:
    """Show what the cluster tells of an application's objects."""
    record = find(name)
    found, problem = _events(lambda: event_views.of(record))
    return page(
        "events.html",
        record=record,
        listing=pages.listing(found, argument("page"), size=EVENTS),
        problem=problem,
        stream=stream(versions_token([record]), name=name),
    )


@blueprint.get("/applications/<name>/logs")
def logs(name: str) -> flask.Response:
    """Show the log of what runs; it is followed with scripts, and shown in a frame without."""
    record = find(name)
    choices = list(_with_logs(record, argument("object")))
    chosen = _chosen(choices, argument("object"))
    query = _log_query(chosen) if chosen else {}
    for given in ("filter", "previous"):
        if argument(given):
            query[given] = argument(given)
    return page(
        "logs.html",
        record=record,
        choices=[node.key for node in choices],
        chosen=chosen,
        filter=argument("filter"),
        previous=bool(argument("previous")),
        source=_logs_url(name, {**query, "follow": "true"}),
        plain=_logs_url(name, query),
    )


@blueprint.get("/applications/<name>/history")
def history(name: str) -> flask.Response:
    """Show the operations of an application, newest first."""
    record = find(name)
    return page(
        "history.html",
        record=record,
        listing=pages.listing(record.history, argument("page"), size=OPERATIONS),
        stream=stream(versions_token([record]), name=name),
    )


@blueprint.get("/applications/<name>/operations/<int:number>")
def operation(name: str, number: int) -> flask.Response:
    """Show one operation with what it did to each object, failures first."""
    record = find(name)
    return operation_page(record, _operation(record, number))


def operation_page(
    record: ApplicationRecord, item: Operation, *, again: str = ""
) -> flask.Response:
    """Show an operation, or what a dry run came to; `again` is where one goes on from there."""
    name = record.spec.name
    hooks, objects = pages.hooks_and_objects(item.objects)
    return page(
        "operation.html",
        record=record,
        item=item,
        hooks=hooks,
        again=again,
        listing=pages.listing(objects, argument("page"), size=RESULTS),
        known={each.key for each in record.status.objects},
        stream=stream(versions_token([record]), name=name),
    )


def _operation(record: ApplicationRecord, number: int) -> Operation:
    known: list[Operation] = [*([record.operation] if record.operation else []), *record.history]
    for item in known:
        if item.id == number:
            return item
    raise not_found(f"operation {number} in the history of {record.spec.name}")


def _events(read: Callable[[], Sequence[EventShape]]) -> tuple[Sequence[EventShape], str]:
    """Give events, or why they cannot be had: a page is worth showing without them."""
    try:
        return read(), ""
    except RosterError as error:
        return (), redact(str(error))


def _with_logs(record: ApplicationRecord, asked: str) -> Iterator[tree.Node]:
    """Give what has pods, and a pod that is asked for by itself."""
    for root in tree.of(record, sight()):
        if tree.pods([root]):
            yield root
            yield from (node for node in root.walk() if str(node.key) == asked != str(root.key))


def _chosen(choices: Sequence[tree.Node], asked: str) -> ObjectKey | None:
    """Give what is asked for, else what is worth reading first: what is not well."""
    if asked:
        found = next((node.key for node in choices if str(node.key) == asked), None)
        if found is None:
            raise not_found("object")
        return found
    unwell = (node.key for node in choices if node.health.status not in _GOOD)
    return next(unwell, choices[0].key if choices else None)


def _log_query(key: ObjectKey) -> dict[str, str]:
    return {
        "kind": key.kind,
        "group": key.group,
        "namespace": key.namespace,
        "resourceName": key.name,
        "tailLines": str(_TAIL),
    }


def _logs_url(name: str, query: Mapping[str, str]) -> str:
    path = f"/api/v1/applications/{urllib.parse.quote(name, safe='')}/logs"
    return f"{path}?{urllib.parse.urlencode(query)}"


def _key(text: str) -> ObjectKey:
    try:
        return ObjectKey.parse(text)
    except ValueError as error:
        raise not_found("object") from error


def _yaml(manifest: Manifest | None) -> str:
    if manifest is None:
        return ""
    text: str = yaml.dump(
        present.safe(manifest), Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True
    )
    return text
