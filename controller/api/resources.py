"""`/api/v1/applications/{name}/…`: an application's objects, as git wants them and as they are."""

from typing import Annotated

import flask
import pydantic
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from controller.api import nodes, objectshapes, origins, present, services, tree
from controller.api.answers import PageQuery, answer, page
from controller.api.applications import PROBLEMS, ApplicationPath, find
from controller.api.problems import Problem, not_found
from controller.diff.difference import Difference
from controller.objects import Manifest, ObjectKey
from controller.state.records import ApplicationRecord, ObjectStatus, SyncStatus

blueprint = APIBlueprint(
    "resources",
    __name__,
    url_prefix="/api/v1/applications",
    abp_tags=[Tag(name="resources", description="Objects: live, desired, and who owns whom.")],
)

Part = Annotated[str | None, pydantic.Field(max_length=253)]


class ResourceQuery(PageQuery):
    """Which objects are wanted: all that have the given parts."""

    group: Part = None
    kind: Part = None
    namespace: Part = None
    name: Part = None


class ObjectQuery(pydantic.BaseModel):
    """Names one object, in Argo CD's words."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    kind: Annotated[str, pydantic.Field(min_length=1, max_length=253)]
    resourceName: Annotated[str, pydantic.Field(min_length=1, max_length=253)]  # noqa: N815 - the name on the wire
    group: Annotated[str, pydantic.Field(max_length=253)] = ""
    namespace: Annotated[str, pydantic.Field(max_length=253)] = ""
    version: Annotated[
        str, pydantic.Field(max_length=253, description="Taken and not needed: Argo CD sends it.")
    ] = ""

    @property
    def key(self) -> ObjectKey:
        """The object that is named."""
        return ObjectKey(self.group, self.kind, self.namespace, self.resourceName)


@blueprint.get(
    "/<name>/managed-resources", responses={200: objectshapes.ManagedResourcesShape, **PROBLEMS}
)
def list_managed_resources(path: ApplicationPath, query: ResourceQuery) -> flask.Response:
    """List objects with live, desired and predicted manifests; Secret values are masked."""
    record = find(path.name)
    chosen = [item for item in in_order(record) if is_wanted(ObjectKey.parse(item.key), query)]
    shown = page(chosen, query, key=lambda item: item.key, version=present.version(record))
    items = [nodes.managed_resource(item, *states(record, item)) for item in shown.items]
    return answer(objectshapes.ManagedResourcesShape(metadata=shown.metadata, items=items))


@blueprint.get("/<name>/resource-tree", responses={200: objectshapes.TreeShape, **PROBLEMS})
def get_resource_tree(path: ApplicationPath, query: ResourceQuery) -> flask.Response:
    """Give objects with what the cluster made of them; a page counts the objects of git."""
    record = find(path.name)
    chosen = [item for item in in_order(record) if is_wanted(ObjectKey.parse(item.key), query)]
    shown = page(chosen, query, key=lambda item: item.key, version=present.version(record))
    kept: list[objectshapes.NodeShape] = []
    orphans: list[objectshapes.NodeShape] = []
    seen = sight()
    for item in shown.items:
        branch = nodes.branch(tree.of_object(item, seen))
        (orphans if item.requires_pruning else kept).extend(branch)
    return answer(
        objectshapes.TreeShape(metadata=shown.metadata, nodes=kept, orphaned_nodes=orphans)
    )


@blueprint.get(
    "/<name>/resource", responses={200: objectshapes.ResourceDetailShape, 503: Problem, **PROBLEMS}
)
def get_resource(path: ApplicationPath, query: ObjectQuery) -> flask.Response:
    """Give one object: both sides, the difference, and the commit that last changed it."""
    record = find(path.name)
    node = find_node(record, query.key)
    difference, live = node_states(record, node)
    item = node.item or ObjectStatus(key=str(node.key), sync=SyncStatus.SYNCED)
    managed = nodes.managed_resource(item, difference, live)
    return answer(
        objectshapes.ResourceDetailShape(
            **dict(managed),
            manifest=managed.live_state,
            version=node.api_version.rpartition("/")[2],
            uid=node.uid,
            status=node.item.sync if node.item else None,
            health=present.health(node.health.status, node.health.message),
            component=item.component,
            diff=nodes.diff(node.item, difference),
            origin=origins.shape(record, node.item) if node.item else None,
        )
    )


def sight() -> tree.Sight:
    """Give what may be seen of the cluster without asking it."""
    given = services.current()
    return tree.Sight(live=given.live_object, children=given.children)


def find_node(record: ApplicationRecord, key: ObjectKey) -> tree.Node:
    """Give an object of the application's tree.

    Raises:
        ProblemError: 404, also for an object that belongs to another one (GHSA-3v3m-wc6v-x4x3).
    """
    found = tree.find(record, key, sight())
    if found is None:
        raise not_found("object")
    return found


def in_order(record: ApplicationRecord) -> list[ObjectStatus]:
    """Give the objects of an application by key."""
    return sorted(record.status.objects, key=lambda item: item.key)


def states(
    record: ApplicationRecord, item: ObjectStatus
) -> tuple[Difference | None, Manifest | None]:
    """Give an object's comparison and its live state, not yet masked."""
    key = ObjectKey.parse(item.key)
    given = services.current()
    return given.comparison(record.spec.name, key), given.live_object(key)


def node_states(
    record: ApplicationRecord, node: tree.Node
) -> tuple[Difference | None, Manifest | None]:
    """Give comparison and live state of any object of the tree; a light one is read whole."""
    if node.item is not None:
        return states(record, node.item)
    whole = services.current().read(node.key, node.api_version)
    is_same = str(((whole or {}).get("metadata") or {}).get("uid", "")) == node.uid
    # One of the same name made since may be anybody's.
    return None, whole if is_same else None


def is_wanted(key: ObjectKey, query: ResourceQuery) -> bool:
    """Tell whether an object has all the parts that were asked for."""
    wanted = {name: value for name in _PARTS if (value := getattr(query, name)) is not None}
    return wanted.items() <= present.reference(key).items()


_PARTS = ("group", "kind", "namespace", "name")
