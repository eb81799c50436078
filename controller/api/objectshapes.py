"""What the API answers about objects: Argo CD's tree, managed resources, manifests and events.

Field names are those of Argo CD's API (`ResourceNode`, `ResourceDiff`, `ManifestResponse`) and of
Kubernetes' core/v1 Event; fields that they do not have say so. States are JSON in strings, and
Secret values in them are masked.
"""

from datetime import datetime

import pydantic

from controller.api.shapes import CommitShape, HealthShape, ListMetadata, ObjectRef, Shape
from controller.state.records import SyncStatus


class ParentShape(ObjectRef):
    """An owner of a node."""

    uid: str


class InfoShape(Shape):
    """One thing worth knowing of a node."""

    name: str
    value: str


class NodeShape(ObjectRef):
    """One object in the tree. Status, component, file and line are Roster's own."""

    version: str
    uid: str
    parent_refs: list[ParentShape]
    info: list[InfoShape]
    images: list[str]
    resource_version: str
    health: HealthShape
    created_at: datetime | None
    status: SyncStatus | None = pydantic.Field(
        description="Of an object that git asks for; null for what the cluster made of it."
    )
    component: str
    file: str
    line: int


class TreeShape(Shape):
    """A page of objects, each with everything below it."""

    metadata: ListMetadata
    nodes: list[NodeShape]
    orphaned_nodes: list[NodeShape] = pydantic.Field(
        description="Objects that are no longer in git, with what is below them."
    )


class ManagedResourceShape(ObjectRef):
    """One object as git wants it and as it is. File and line are Roster's own."""

    target_state: str = pydantic.Field(description="Empty where git does not ask for it.")
    live_state: str = pydantic.Field(description="Empty where the cluster does not have it.")
    normalized_live_state: str = pydantic.Field(
        description="The live state without what does not count when it is compared."
    )
    predicted_live_state: str = pydantic.Field(
        description="What the server said an apply would give; empty where it was not asked."
    )
    resource_version: str
    modified: bool
    hook: bool
    file: str
    line: int


class ManagedResourcesShape(Shape):
    """A page of objects."""

    metadata: ListMetadata
    items: list[ManagedResourceShape]


class OriginShape(Shape):
    """Where a definition stands, and which commit last changed it. Roster's own."""

    file: str
    line: int
    commit: CommitShape | None = pydantic.Field(
        description="Null where it is not known, or not yet: history may have to be fetched."
    )
    message: str = pydantic.Field(description="Why the commit is not known.")


class ResourceDetailShape(ManagedResourceShape):
    """Everything about one object. All but the manifest is Roster's own."""

    manifest: str = pydantic.Field(description="The live state, under Argo CD's name for it.")
    version: str
    uid: str
    status: SyncStatus | None
    health: HealthShape
    component: str
    diff: str = pydantic.Field(description="Unified diff from live to desired, masked.")
    origin: OriginShape | None


class ManifestsShape(Shape):
    """A page of the manifests that a revision renders to. Metadata is Roster's own."""

    metadata: ListMetadata
    manifests: list[str]
    namespace: str
    revision: str
    source_type: str = "Directory"


class EventObjectShape(Shape):
    """What an event is about."""

    kind: str
    namespace: str
    name: str
    uid: str
    field_path: str


class EventMetadataShape(Shape):
    """Names an event."""

    name: str
    namespace: str
    uid: str


class EventSourceShape(Shape):
    """Who reports."""

    component: str


class EventShape(Shape):
    """Kubernetes' core/v1 Event."""

    metadata: EventMetadataShape
    involved_object: EventObjectShape
    type: str
    reason: str
    message: str
    count: int
    first_timestamp: datetime | None
    last_timestamp: datetime | None
    source: EventSourceShape


class EventsShape(Shape):
    """A page of events, newest first."""

    metadata: ListMetadata
    items: list[EventShape]
