"""What is put on every object: its namespace, whose it is, where it comes from, what it says."""

from typing import Any

from controller.definitions import syncoptions
from controller.definitions.catalog import Definition
from controller.definitions.kinds import CLUSTER_SCOPED
from controller.objects import Manifest, content_hash, group_of, metadata
from controller.render.options import RenderOptions
from controller.render.problems import RenderError


def stamped(manifest: Manifest, definition: Definition, options: RenderOptions) -> Manifest:
    """Give the object as it is applied, but for the revision.

    The hash is over everything but itself, so that an object whose hash is the same need not be
    looked at.
    """
    placed = _placed(manifest, definition.id.namespace or options.namespace)
    named = metadata.with_metadata(
        placed,
        labels={metadata.APPLICATION: options.application},
        annotations={
            metadata.COMPONENT: str(definition.id),
            metadata.SOURCE: definition.document.file,
            **_handed_on(definition),
        },
    )
    return metadata.with_metadata(
        named, labels={}, annotations={metadata.CONTENT_HASH: content_hash(named)}
    )


def _handed_on(definition: Definition) -> dict[str, str]:
    """Give what a definition says of its syncing, which holds for each of its objects.

    In our own spelling: Argo CD, too, would take its annotations seriously.
    """
    notes = metadata.annotations(definition.document.data)
    kept = (metadata.PRUNE, metadata.IGNORE_DIFFERENCES)
    found = {name: str(notes[name]) for name in kept if name in notes}
    options = syncoptions.texts_of(definition.document.data)
    return {**found, metadata.SYNC_OPTIONS: ",".join(options)} if options else found


def wave(definition: Definition) -> int:
    """Give the wave in which a definition is synced: 0 unless an annotation says otherwise.

    Raises:
        RenderError: the annotation is no whole number.
    """
    notes = metadata.annotations(definition.document.data)
    for name in (metadata.SYNC_WAVE, metadata.ARGO_SYNC_WAVE):
        if name in notes:
            return _whole_number(notes[name], name)
    return 0


def may_prune(definition: Definition) -> bool:
    """Tell whether the objects may be deleted when the definition leaves git."""
    return metadata.annotations(definition.document.data).get(metadata.PRUNE) != "disabled"


def _placed(manifest: Manifest, namespace: str) -> Manifest:
    place = (group_of(str(manifest.get("apiVersion", ""))), str(manifest.get("kind", "")))
    own = manifest.get("metadata") or {}
    if place in CLUSTER_SCOPED or own.get("namespace"):
        return manifest
    return {**manifest, "metadata": {**own, "namespace": namespace}}


def _whole_number(text: Any, annotation: str) -> int:
    try:
        return int(str(text))
    except ValueError as error:
        raise RenderError(
            "invalid-sync-wave",
            f"the sync wave {text!r} is no whole number",
            remedy='Give a number as text, such as "-1".',
            path=("metadata", "annotations", annotation),
        ) from error
