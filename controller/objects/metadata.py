"""The labels and annotations that Roster puts on every object it applies, and small readers."""

from collections.abc import Mapping
from typing import Any

from controller.objects.keys import Manifest

FIELD_MANAGER = "roster"

APPLICATION = "roster.dev/application"
"""Label: the application that owns the object. Watches are scoped by its presence."""
COMPONENT = "roster.dev/component"
"""Annotation: the definition that the object was rendered from, as `Kind namespace/name`."""
SOURCE = "roster.dev/source"
"""Annotation: the file of that definition in the agents repository."""
CONTENT_HASH = "roster.dev/content-hash"
"""Annotation: hash of the manifest as rendered, before this annotation and the revision."""
REVISION = "roster.dev/revision"
"""Annotation: the commit at which the object was last written. Not compared: else every commit
would rewrite every object."""
PRUNE = "roster.dev/prune"
"""Annotation on a definition or live object: `disabled` keeps the object when it leaves git."""
IGNORE_DIFFERENCES = "roster.dev/ignore-differences"
"""Annotation: JSON pointers to fields that are left to others, see `diff.ignore`."""
SYNC_OPTIONS = "roster.dev/sync-options"
"""Annotation: how the object is written and deleted, see `definitions.syncoptions`."""
ARGO_SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
DELETION_APPROVED = (
    "roster.dev/deletion-approved",
    "argocd.argoproj.io/deletion-approved",
)
"""Annotations on a live object: the time at which somebody agreed to its deletion (RFC 3339)."""
SYNC_WAVE = "roster.dev/sync-wave"
ARGO_SYNC_WAVE = "argocd.argoproj.io/sync-wave"


def labels(manifest: Manifest) -> Mapping[str, str]:
    """Give an object's labels, empty where it has none."""
    return (manifest.get("metadata") or {}).get("labels") or {}


def annotations(manifest: Manifest) -> Mapping[str, str]:
    """Give an object's annotations, empty where it has none."""
    return (manifest.get("metadata") or {}).get("annotations") or {}


def is_being_deleted(manifest: Manifest | None) -> bool:
    """Tell whether an object is on its way out: what is written to it goes with it."""
    return bool(((manifest or {}).get("metadata") or {}).get("deletionTimestamp"))


def with_metadata(
    manifest: Manifest, *, labels: Mapping[str, str], annotations: Mapping[str, str]
) -> dict[str, Any]:
    """Give a copy of the manifest with labels and annotations added, ours over its own."""
    metadata = dict(manifest.get("metadata") or {})
    for name, added in (("labels", labels), ("annotations", annotations)):
        if added:
            metadata[name] = {**(metadata.get(name) or {}), **added}
    return {**manifest, "metadata": metadata}
