"""What git asks for: the definitions of a revision, resolved and rendered.

The same few steps serve the controller (a fetched snapshot) and the command line (a folder), so
that `roster validate` and `roster diff` say what the controller will say.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TypeAlias

from controller import tracing
from controller.definitions import parse, resolve
from controller.definitions.catalog import Catalog
from controller.definitions.findings import Finding, Position, Severity, in_order
from controller.objects import Manifest, ObjectKey
from controller.objects.outlines import Outline
from controller.reconcile import verified
from controller.render import manifests, wanted
from controller.render.component import Rendered
from controller.render.options import RenderOptions
from controller.source.snapshot import Snapshot

Look: TypeAlias = Callable[[Mapping[ObjectKey, bool]], Mapping[ObjectKey, Outline] | None]
"""Takes objects with whether their values are needed; gives those there are, None if unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """One revision of one application, ready to be compared with a cluster."""

    catalog: Catalog
    rendered: Rendered
    is_empty: bool
    """Whether the source has no definition at all: then nothing is pruned."""
    options: RenderOptions
    templates: Mapping[str, str]
    """The application's own manifest templates, by file name."""
    wanted: Mapping[ObjectKey, bool]
    """What it refers to that only the cluster can have; True where values are needed."""
    cluster: Mapping[ObjectKey, Outline] | None = None
    """What the cluster has of that, as rendered; None where nobody looked."""
    settled: frozenset[Finding] = frozenset()
    """Warnings that something must be in the cluster, which it is."""
    unread: tuple[Finding, ...] = ()
    """Files that could not be read at all."""
    keys: frozenset[ObjectKey] = frozenset()
    """Of all objects that are asked for, but for hooks."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything wrong with the revision, in the order of its files."""
        found = {*self.catalog.findings, *self.rendered.findings, *self.unread}
        return in_order(found - self.settled)

    @property
    def unreadable_files(self) -> frozenset[str]:
        """Files with an error that may hide definitions: nobody knows what they ask for.

        An error that names a definition of the catalog blocks that one; any other, also one whose
        definition could only be guessed from broken text, leaves the whole file in doubt.
        """
        return frozenset(
            finding.position.file
            for finding in self.findings
            if finding.severity is Severity.ERROR
            and finding.definition not in self.catalog.definitions
        )

    def objects(self) -> Mapping[ObjectKey, Manifest]:
        """Give the rendered manifests by key."""
        return {
            key: manifest
            for component in self.rendered.components
            for key, manifest in zip(component.keys, component.manifests, strict=True)
        }


def of_snapshot(
    snapshot: Snapshot, options: RenderOptions, *, templates: str = "", look: Look | None = None
) -> Desired:
    """Parse, resolve and render what was fetched; files that cannot be read are findings."""
    unread = tuple(
        Finding(
            rule=item.rule, message=item.message, remedy=item.remedy, position=Position(item.path)
        )
        for item in snapshot.unread
    )
    found = of_files(snapshot.files, options, templates=templates, look=look)
    return replace(found, unread=unread)


def of_files(
    files: Mapping[str, bytes],
    options: RenderOptions,
    *,
    templates: str = "",
    look: Look | None = None,
) -> Desired:
    """Parse, resolve and render the files of a revision.

    Args:
        files: contents by path; those below `templates` are manifest templates.
        options: what rendering needs to know of the application.
        templates: folder of the application's own templates, empty for none.
        look: asks the cluster for what definitions refer to; without it nothing is known of that.
    """
    overrides, definitions = _split(files, templates)
    with tracing.span("parse", files=len(definitions)):
        found = resolve.resolve(parse.parse(definitions, namespace=options.namespace))
    needed = wanted.of(found, options)
    cluster = look(needed) if look else None
    with tracing.span("render", definitions=len(found.definitions)):
        rendered = manifests.render(found, options, templates=overrides, cluster=cluster)
    return Desired(
        catalog=found,
        rendered=rendered,
        is_empty=not found.definitions,
        options=options,
        templates=overrides,
        wanted=needed,
        cluster=cluster,
        settled=verified.among(found, (cluster or {}).keys()),
        keys=_keys(rendered),
    )


def with_cluster(known: Desired, cluster: Mapping[ObjectKey, Outline]) -> Desired:
    """Render again with what the cluster has; the same value where that is as it was."""
    if known.cluster == cluster:
        return known
    with tracing.span("render", definitions=len(known.catalog.definitions)):
        rendered = manifests.render(
            known.catalog, known.options, templates=known.templates, cluster=cluster
        )
    return replace(
        known,
        rendered=rendered,
        cluster=dict(cluster),
        settled=verified.among(known.catalog, cluster.keys()),
        keys=_keys(rendered),
    )


def catalog(files: Mapping[str, bytes], *, namespace: str, templates: str = "") -> Catalog:
    """Parse and resolve the files of a revision, and render nothing."""
    _, definitions = _split(files, templates)
    return resolve.resolve(parse.parse(definitions, namespace=namespace))


def _keys(rendered: Rendered) -> frozenset[ObjectKey]:
    return frozenset(key for component in rendered.components for key, _ in component.lasting)


def _split(files: Mapping[str, bytes], templates: str) -> tuple[dict[str, str], dict[str, bytes]]:
    if not templates:
        return {}, dict(files)
    folder = PurePosixPath(templates)
    overrides, definitions = {}, {}
    for path, content in files.items():
        if PurePosixPath(path).is_relative_to(folder):
            overrides[PurePosixPath(path).name] = content.decode(errors="replace")
        else:
            definitions[path] = content
    return overrides, definitions
