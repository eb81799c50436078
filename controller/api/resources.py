"""`/api/v1/applications/{name}/…`: an application's objects, as git wants them and as they are."""

from typing import Annotated

import flask
import pydantic
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from controller.api import present, services, shapes
from controller.api.answers import PageQuery, answer, page
from controller.api.applications import PROBLEMS, ApplicationPath, find
from controller.objects import Manifest, ObjectKey
from controller.state.records import ApplicationRecord, ObjectStatus

blueprint = APIBlueprint(
    "resources",
    __name__,
    url_prefix="/api/v1/applications",
    abp_tags=[Tag(name="resources", description="Objects: live, desired, and who owns whom.")],
)

_Part = Annotated[str | None, pydantic.Field(max_length=253)]


class ResourceQuery(PageQuery):
    """Which objects are wanted: all that have the given parts."""

    group: _Part = None
    kind: _Part = None
    namespace: _Part = None
    name: _Part = None


@blueprint.get(
    "/<name>/managed-resources", responses={200: shapes.ManagedResourcesShape, **PROBLEMS}
)
def list_managed_resources(path: ApplicationPath, query: ResourceQuery) -> flask.Response:
    """List objects with their live and desired manifests; Secret values are masked."""
    record = find(path.name)
    wanted = {name: value for name in _PARTS if (value := getattr(query, name)) is not None}
    chosen = [
        item for item in in_order(record) if wanted.items() <= present.reference(item.key).items()
    ]
    shown = page(chosen, query, key=lambda item: item.key, version=present.version(record))
    items = [_managed_resource(record, item) for item in shown.items]
    return answer(shapes.ManagedResourcesShape(metadata=shown.metadata, items=items))


@blueprint.get("/<name>/resource-tree", responses={200: shapes.TreeShape, **PROBLEMS})
def get_resource_tree(path: ApplicationPath) -> flask.Response:
    """Give every object with its owners; orphaned ones are no longer in git."""
    record = find(path.name)
    live = services.current().live_object
    nodes: list[shapes.NodeShape] = []
    orphans: list[shapes.NodeShape] = []
    for item in in_order(record):
        node = present.node(item, live(ObjectKey.parse(item.key)))
        (orphans if item.requires_pruning else nodes).append(node)
    return answer(shapes.TreeShape(nodes=nodes, orphaned_nodes=orphans))


_PARTS = ("group", "kind", "namespace", "name")


def in_order(record: ApplicationRecord) -> list[ObjectStatus]:
    """Give the objects of an application by key."""
    return sorted(record.status.objects, key=lambda item: item.key)


def manifests(
    record: ApplicationRecord, item: ObjectStatus
) -> tuple[Manifest | None, Manifest | None]:
    """Give an object of this application as git wants it and as it is, not yet masked."""
    key = ObjectKey.parse(item.key)
    given = services.current()
    return given.desired_object(record.spec.name, key), given.live_object(key)


def _managed_resource(record: ApplicationRecord, item: ObjectStatus) -> shapes.ManagedResourceShape:
    return present.managed_resource(item, *manifests(record, item))
