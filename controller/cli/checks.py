"""Verbs that look at a folder of definitions: validate, render, diff. None of them writes."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli.options import ConfigFile, Context, Kubeconfig, Namespace, Output, settings_from
from controller.cli.output import Format, console, print_data
from controller.errors import RosterError, UsageError

if TYPE_CHECKING:
    from controller.definitions.findings import Finding
    from controller.objects import Manifest
    from controller.plan.steps import Plan
    from controller.reconcile.desired import Desired
    from controller.settings import Settings

Folder = Annotated[Path, typer.Argument(help="Folder with definitions, read recursively.")]
Templates = Annotated[
    str,
    typer.Option("--templates", help="Folder of manifest templates that replace built-in ones."),
]
Name = Annotated[str, typer.Option("--application", help="Name of the application.")]


def validate(
    folder: Folder = Path(),
    namespace: Namespace = "default",
    templates: Templates = "",
    output: Output = Format.TABLE,
) -> None:
    """Check definitions: every finding with file, line, column and what to do.

    Exit code 1 where there are errors, 0 otherwise (warnings too).

    Example: roster validate agents
    """
    from controller.definitions.findings import has_errors
    from controller.reconcile import status

    desired = _desired(folder, namespace=namespace, templates=templates)
    if output in {Format.JSON, Format.YAML}:
        found = [status.stored(finding).model_dump(mode="json") for finding in desired.findings]
        print_data(found, output)
    else:
        _print_findings(desired.findings)
        _print_summary(desired)
    raise typer.Exit(1 if has_errors(desired.findings) else 0)


def render(
    folder: Folder = Path(),
    namespace: Namespace = "default",
    templates: Templates = "",
    agent: Annotated[str, typer.Option("--name", help="Only this definition's objects.")] = "",
    output: Output = Format.YAML,
) -> None:
    """Print the manifests that definitions render to; Secret values masked.

    Example: roster render agents --name triage
    """
    from controller.definitions.findings import has_errors

    desired = _desired(folder, namespace=namespace, templates=templates)
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
        _print_findings(desired.findings, stderr=True)
        raise typer.Exit(1)


def diff(
    folder: Folder = Path(),
    namespace: Namespace = "default",
    templates: Templates = "",
    name: Name = "default",
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    config: ConfigFile = None,
    output: Output = Format.TABLE,
) -> None:
    """Show what applying a folder would change in the cluster.

    Exit code 0: no difference; 1: differences; 2: an error.

    Example: roster diff agents --namespace agents --application examples
    """
    from controller.definitions.findings import has_errors

    try:
        loaded = settings_from(config, kubeconfig=kubeconfig, context=context)
        desired = _desired(folder, namespace=namespace, templates=templates, application=name)
        plan = _plan(loaded.settings, desired, name)
    except RosterError as error:
        from controller.cli.output import print_error

        print_error(error)
        raise typer.Exit(2) from error
    _print_plan(plan, output)
    if has_errors(desired.findings):
        _print_findings(desired.findings, stderr=True)
        raise typer.Exit(2)
    raise typer.Exit(0 if plan.is_empty else 1)


def _desired(
    folder: Path, *, namespace: str, templates: str, application: str = "default"
) -> "Desired":
    from controller.reconcile import desired
    from controller.reconcile.options import render_options
    from controller.source import folders

    settings = settings_from().settings
    files = dict(folders.read(folder))
    if templates:
        files.update(folders.read(Path(templates)))
    options = render_options(settings, application=application, namespace=namespace)
    own = folders.shown(Path(templates)) if templates else ""
    return desired.of_files(files, options, templates=own)


def _plan(settings: "Settings", desired: "Desired", name: str) -> "Plan":
    """Compare with the cluster at the moment, without a controller and without its database."""
    from controller import app
    from controller.cluster.live import LiveState
    from controller.plan import make
    from controller.plan.policy import Policy
    from controller.sync import compare

    client = app.connect(settings)
    live = LiveState(client)
    live.start()
    try:
        components = desired.rendered.components
        compare.follow(live, client, components, inventory=())
        managed = live.managed(name)
        differences = compare.differences(components, live, client)
        return make.make(
            application=name,
            revision="",
            components=components,
            blocked=desired.rendered.blocked,
            unreadable=desired.unreadable_files,
            live=managed,
            differences=differences,
            inventory=frozenset(managed),
            policy=Policy(prune=True, confirmed=True),
            source_is_empty=desired.is_empty,
        )
    finally:
        live.stop()


def _print_findings(findings: "Sequence[Finding]", *, stderr: bool = False) -> None:
    out = console(stderr=stderr)
    for finding in findings:
        style = "bold red" if finding.severity == "error" else "yellow"
        out.print(f"[bold]{finding.position}[/]: [{style}]{finding.severity}[/]:", end=" ")
        template = f" (template {finding.template})" if finding.template else ""
        out.print(f"{finding.message}{template} [{finding.rule}]", markup=False)
        if finding.remedy:
            out.print(f"    {finding.remedy}", markup=False, style="dim")


def _print_summary(desired: "Desired") -> None:
    errors = sum(finding.severity == "error" for finding in desired.findings)
    warnings = len(desired.findings) - errors
    objects = sum(len(component.manifests) for component in desired.rendered.components)
    sys.stdout.write(
        f"{len(desired.catalog.definitions)} definitions, {objects} objects, "
        f"{errors} errors, {warnings} warnings\n"
    )


def _print_manifests(manifests: "Sequence[Manifest]", output: Format) -> None:
    from controller.objects import masked

    shown: list[Any] = [masked(manifest) for manifest in manifests]
    if output is Format.NAME:
        from controller.objects import ObjectKey

        sys.stdout.writelines(f"{ObjectKey.of(manifest)}\n" for manifest in manifests)
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


def _print_plan(plan: "Plan", output: Format) -> None:
    from controller.diff import format as diff_format

    steps = [step for wave in plan.waves for step in wave] + list(plan.prunes)
    if output in {Format.JSON, Format.YAML}:
        print_data([_step_data(step) for step in steps], output)
        return
    for step in steps:
        if step.difference is not None:
            sys.stdout.write(diff_format.unified(step.difference))
        else:
            sys.stdout.write(f"\n===== {step.key} ======\n{step.action}\n")
    for guard in plan.guards:
        sys.stdout.write(f"\nheld back [{guard.rule}]: {guard.message}\n")


def _step_data(step: Any) -> dict[str, Any]:
    changes = step.difference.changes if step.difference else ()
    return {
        "action": step.action,
        "key": str(step.key),
        "component": str(step.component or ""),
        "wave": step.wave,
        "changes": [
            {"path": change.path, "before": change.before, "after": change.after}
            for change in changes
        ],
    }
