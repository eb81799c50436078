"""`/api/v1/applications/{name}/events`: what the cluster tells of an application's objects."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import flask
import pydantic
from flask_openapi3.blueprint import APIBlueprint

from controller.api import objectshapes as shapes
from controller.api import services, tree
from controller.api.answers import PageQuery, answer, page
from controller.api.applications import PROBLEMS, ApplicationPath, find
from controller.api.problems import Problem, not_found
from controller.api.resources import sight
from controller.objects import Manifest
from controller.state.records import ApplicationRecord
from controller.telemetry import redact

blueprint = APIBlueprint("events", __name__, url_prefix="/api/v1/applications")

_LAST = 10**17
"""Later than any time in microseconds: what is newest sorts first."""


class EventsQuery(PageQuery):
    """Whose events are wanted: of everything in the application, or of one object."""

    resourceUID: Annotated[  # noqa: N815 - the name on the wire
        str, pydantic.Field(max_length=253, description="Only those of this object.")
    ] = ""
    resourceNamespace: Annotated[  # noqa: N815 - the name on the wire
        str, pydantic.Field(max_length=253, description="Taken and not needed: Argo CD sends it.")
    ] = ""
    resourceName: Annotated[  # noqa: N815 - the name on the wire
        str, pydantic.Field(max_length=253, description="Taken and not needed: Argo CD sends it.")
    ] = ""


@blueprint.get("/<name>/events", responses={200: shapes.EventsShape, 503: Problem, **PROBLEMS})
def list_events(path: ApplicationPath, query: EventsQuery) -> flask.Response:
    """List the events of an application's objects and of what is below them, newest first."""
    record = find(path.name)
    found = of(record, uid=query.resourceUID)
    shown = page(found, query, key=_order, version="")
    return answer(shapes.EventsShape(metadata=shown.metadata, items=list(shown.items)))


def of(record: ApplicationRecord, *, uid: str = "") -> list[shapes.EventShape]:
    """Give the events of an application, or of one of its objects and what is below it.

    Raises:
        ProblemError: 404, the object is none of the application's.
        TransientError: the cluster cannot be asked.
    """
    roots = tree.of(record, sight())
    if not uid:
        return below(record, roots)
    chosen = [node for root in roots for node in root.walk() if node.uid == uid]
    if not chosen:
        raise not_found("object")
    return below(record, chosen)


def below(record: ApplicationRecord, nodes: Iterable[tree.Node]) -> list[shapes.EventShape]:
    """Give the events of objects and of what is below them, newest first.

    Raises:
        TransientError: the cluster cannot be asked.
    """
    everything = [node for top in nodes for node in top.walk()]
    return newest_first(_read(everything), scrub=scrubber(record))


def newest_first(
    events: Iterable[Manifest], *, scrub: services.Scrub = redact
) -> list[shapes.EventShape]:
    """Give events as answers; values of Secrets in their messages are masked."""
    return sorted((_shape(event, scrub) for event in events), key=_order)


def scrubber(record: ApplicationRecord) -> services.Scrub:
    """Give what masks the application's Secrets in a text that somebody else wrote."""
    masked = services.current().scrubber(record.spec.name)
    return lambda text: redact(masked(text))


def _read(nodes: Iterable[tree.Node]) -> Iterable[Manifest]:
    by_namespace: dict[str, set[str]] = {}
    for node in nodes:
        if node.uid:
            by_namespace.setdefault(node.key.namespace or "default", set()).add(node.uid)
    for namespace, uids in by_namespace.items():
        # One object that nothing is below of can be asked for by itself.
        asked = next(iter(uids)) if len(uids) == 1 else ""
        for event in services.current().events(namespace, asked):
            if (event.get("involvedObject") or {}).get("uid") in uids:
                yield event


def _shape(event: Manifest, scrub: services.Scrub) -> shapes.EventShape:
    metadata, about = event.get("metadata") or {}, event.get("involvedObject") or {}
    series: Mapping[str, Any] = event.get("series") or {}
    first = event.get("firstTimestamp") or event.get("eventTime")
    last = series.get("lastObservedTime") or event.get("lastTimestamp") or first
    return shapes.EventShape(
        metadata=shapes.EventMetadataShape(**_texts(metadata, "name", "namespace", "uid")),
        involved_object=shapes.EventObjectShape(
            **_texts(about, "kind", "namespace", "name", "uid"),
            field_path=str(about.get("fieldPath") or ""),
        ),
        type=str(event.get("type") or "Normal"),
        reason=str(event.get("reason") or ""),
        message=scrub(str(event.get("message") or "")),
        count=int(series.get("count") or event.get("count") or 1),
        first_timestamp=first or metadata.get("creationTimestamp"),
        last_timestamp=last or metadata.get("creationTimestamp"),
        source=shapes.EventSourceShape(
            component=str(
                (event.get("source") or {}).get("component")
                or event.get("reportingComponent")
                or ""
            )
        ),
    )


def _texts(mapping: Mapping[str, Any], *names: str) -> dict[str, str]:
    return {name: str(mapping.get(name) or "") for name in names}


def _order(event: shapes.EventShape) -> str:
    moment = event.last_timestamp or datetime.fromtimestamp(0, UTC)
    return f"{_LAST - int(moment.timestamp() * 1_000_000):017d}/{event.metadata.uid}"
