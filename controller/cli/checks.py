"""Verbs that look at a folder of definitions: validate, render. None of them writes."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli import destination, findings
from controller.cli.manifestlists import print_manifest_names, print_manifest_table
from controller.cli.options import Namespace, Output, settings_from
from controller.cli.output import Format, print_data
from controller.errors import UsageError

if TYPE_CHECKING:
    from controller.objects import Manifest
    from controller.reconcile.desired import Desired

Folder = Annotated[Path, typer.Argument(help="Folder with definitions, read recursively.")]
Templates = Annotated[
    str,
    typer.Option("--templates", help="Folder of manifest templates that replace built-in ones."),
]


def validate(
    folder: Folder = Path(),
    namespace: Namespace = None,
    templates: Templates = "",
    output: Output = Format.TABLE,
) -> None:
    """Check definitions: every finding with file, line, column and what to do.

    Exit code 1 where there are errors, 0 otherwise (warnings too).

    Example: roster validate agents
    """
    from controller.definitions.findings import has_errors
    from controller.reconcile import status

    place = destination.namespace(namespace, folder)
    desired = _desired(folder, namespace=place, templates=templates)
    if output in {Format.JSON, Format.YAML}:
        found = [status.stored(finding).model_dump(mode="json") for finding in desired.findings]
        print_data(found, output)
    else:
        findings.print_findings(desired.findings)
        findings.print_waiting(_waiting(desired))
        _print_summary(desired)
    raise typer.Exit(1 if has_errors(desired.findings) else 0)


def render(
    folder: Folder = Path(),
    namespace: Namespace = None,
    templates: Templates = "",
    agent: Annotated[str, typer.Option("--name", help="Only this definition's objects.")] = "",
    output: Output = Format.YAML,
) -> None:
    """Print the manifests that definitions render to; Secret values masked.

    Example: roster render agents --name triage
    """
    from controller.definitions.findings import has_errors

    place = destination.namespace(namespace, folder)
    desired = _desired(folder, namespace=place, templates=templates)
    manifests = [
        manifest
        for component in desired.rendered.components
        if agent in {"", component.id.name}
        for manifest in component.manifests
    ]
    if agent and not manifests and not has_errors(desired.findings):
        raise UsageError(f"No definition named {agent!r} in {folder} renders to an object.")
    _print_manifests(manifests, output)
    if has_errors(desired.findings):
        findings.print_findings(desired.findings, stderr=True)
        findings.print_waiting(_waiting(desired), stderr=True)
        raise typer.Exit(1)


def _desired(folder: Path, *, namespace: str, templates: str) -> "Desired":
    from controller.source import folders

    files = dict(folders.read(folder))
    if templates:
        files.update(folders.read(Path(templates)))
    return rendered(files, namespace=namespace, templates=templates)


def rendered(
    files: "Mapping[str, bytes]",
    *,
    namespace: str,
    templates: str,
    application: str = "default",
    controller_url: str = "",
) -> "Desired":
    """Give what files ask for, rendered with the settings of this machine.

    Args:
        files: contents by path.
        namespace: of definitions that name none.
        templates: folder of templates that replace the built-in ones, empty for none.
        application: whose objects they are.
        controller_url: stands for the setting of this name where it is not empty.
    """
    from controller.reconcile import desired
    from controller.reconcile.options import render_options
    from controller.source import folders

    settings = settings_from(controller_url=controller_url or None).settings
    options = render_options(settings, application=application, namespace=namespace)
    own = folders.shown(Path(templates)) if templates else ""
    return desired.of_files(files, options, templates=own)


def _waiting(desired: "Desired") -> "list[str]":
    """Give the definitions that have nothing wrong themselves, and need one that has."""
    from controller.render import blocking

    return [
        str(id_) for id_, reason in desired.rendered.blocked if reason.startswith(blocking.WAITS)
    ]


def _print_summary(desired: "Desired") -> None:
    told = [finding for finding in desired.findings if finding.cause is None]
    errors = sum(finding.severity == "error" for finding in told)
    warnings = len(told) - errors
    objects = sum(len(component.manifests) for component in desired.rendered.components)
    counts = (
        (len(desired.catalog.definitions), "definition"),
        (objects, "object"),
        (errors, "error"),
        (warnings, "warning"),
    )
    sys.stdout.write(f"{', '.join(findings.counted(*count) for count in counts)}\n")


def _print_manifests(manifests: "Sequence[Manifest]", output: Format) -> None:
    from controller.objects import masked

    shown: list[Any] = [masked(manifest) for manifest in manifests]
    if output is Format.NAME:
        print_manifest_names(manifests)
    elif output in {Format.TABLE, Format.WIDE}:
        print_manifest_table(manifests)
    elif output is Format.JSON:
        print_data({"apiVersion": "v1", "kind": "List", "items": shown}, output)
    else:
        for manifest in shown:
            sys.stdout.write("---\n")
            print_data(_plain(manifest), Format.YAML)


def _plain(value: Any) -> Any:
    """Give mappings and sequences of any make as dict and list, which is what YAML dumps."""
    import orjson

    return orjson.loads(orjson.dumps(value))
