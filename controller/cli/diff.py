"""`roster diff`: what a folder or a commit would change, to the agents and to the cluster."""

import dataclasses
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli import checks, destination, findings
from controller.cli.nodes import reference
from controller.cli.options import ConfigFile, Context, Kubeconfig, Namespace, Output, settings_from
from controller.cli.output import Format, console, print_data, print_error, short
from controller.cli.semantic import print_semantic
from controller.errors import RosterError, UsageError

if TYPE_CHECKING:
    from controller.cluster.client import Client
    from controller.cluster.live import LiveState
    from controller.diff.difference import Difference
    from controller.diff.semantic.change import SemanticDiff
    from controller.objects import Manifest, ObjectKey
    from controller.plan.steps import Guard, Plan
    from controller.reconcile.desired import Desired
    from controller.settings import Loaded

Name = Annotated[str, typer.Option("--application", help="Name of the application.")]
Revision = Annotated[
    str,
    typer.Option(
        "--revision", help="Commit to look at instead of the folder as it is.", metavar="REV"
    ),
]
Base = Annotated[
    str,
    typer.Option("--base", help="Commit to compare with instead of the cluster.", metavar="REV"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One object that would change."""

    action: str
    difference: "Difference | None"
    key: str
    component: str = ""
    wave: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Everything that would change."""

    desired: "Desired"
    semantic: "SemanticDiff | None"
    note: str = ""
    """Why there is no semantic diff."""
    steps: tuple[_Step, ...] = ()
    guards: "tuple[Guard, ...]" = ()
    names: tuple[str, str] = ("live", "desired")
    """What the two sides are called in the diffs of objects."""

    @property
    def is_empty(self) -> bool:
        return not self.steps and not (self.semantic and self.semantic.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """Where definitions are read."""

    folder: Path
    namespace: str
    """Of definitions that name none; empty where nobody says."""
    templates: str
    application: str
    controller_url: str = ""
    """Where agents reach the controller, as the cluster has it; empty: as the settings say."""

    def at(self, revision: str) -> tuple[str, "Desired"]:
        """Give the commit that a revision is, and what it asks for; the folder as it is for ''."""
        from controller.source import folders
        from controller.source.checkout import Checkout

        extra = [Path(self.templates)] if self.templates else []
        if revision:
            checkout = Checkout.of(self.folder)
            commit = checkout.commit(revision)
            return commit, self._rendered(checkout.files(commit, extra))
        files = dict(folders.read(self.folder))
        for folder in extra:
            files.update(folders.read(folder))
        return "", self._rendered(files)

    def _rendered(self, files: Mapping[str, bytes]) -> "Desired":
        return checks.rendered(
            files,
            namespace=self.namespace or destination.FALLBACK,
            templates=self.templates,
            application=self.application,
            controller_url=self.controller_url,
        )


def diff(
    folder: checks.Folder = Path(),
    namespace: Namespace = None,
    templates: checks.Templates = "",
    name: Name = "default",
    revision: Revision = "",
    base: Base = "",
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    config: ConfigFile = None,
    output: Output = Format.TABLE,
) -> None:
    """Show what applying a folder would change: for the agents, and in the cluster.

    With --base, compare two commits of the folder's repository instead; no cluster is needed.
    Without --namespace, the cluster is asked where the application's objects are.

    Exit code 0: no difference; 1: differences; 2: an error.

    Example: roster diff agents --namespace agents --application examples

    Example: roster diff agents --base main~1 --revision main
    """
    from controller.definitions.findings import has_errors

    place = namespace or destination.named(folder, name=name, config=config)
    side = _Side(folder=folder, namespace=place, templates=templates, application=name)
    try:
        loaded = settings_from(config, kubeconfig=kubeconfig, context=context)
        if base:
            found = _between_commits(side, base, revision)
        else:
            found = _from_cluster(side, loaded, revision)
    except RosterError as error:
        print_error(error)
        raise typer.Exit(2) from error
    _print(found, output)
    if has_errors(found.desired.findings):
        findings.print_findings(found.desired.findings, stderr=True)
        raise typer.Exit(2)
    raise typer.Exit(0 if found.is_empty else 1)


def _between_commits(side: _Side, base: str, revision: str) -> _Found:
    from controller.diff.semantic.compare import compare

    old_id, old = side.at(base)
    new_id, new = side.at(revision)
    return _Found(
        desired=new,
        semantic=compare(old.catalog, new.catalog, before_name=old_id, after_name=new_id),
        steps=tuple(_rendered_steps(old, new)),
        names=(short(old_id), short(new_id) or "not committed"),
    )


def _rendered_steps(old: "Desired", new: "Desired") -> Iterator[_Step]:
    """Compare what two revisions render to, as if the first were live."""
    from controller.diff import format as diff_format
    from controller.diff.difference import Difference, Outcome

    before, after = old.objects(), new.objects()
    for key in sorted({*before, *after}):
        found = Difference(
            key=key,
            outcome=Outcome.DIFFERENT,
            live=before.get(key),
            desired=after.get(key),
        )
        if diff_format.unified(found):
            action = "create" if key not in before else "update" if key in after else "prune"
            yield _Step(action=action, difference=found, key=str(key))


def _from_cluster(side: _Side, loaded: "Loaded", revision: str) -> _Found:
    from controller.app import clusters
    from controller.cluster.live import LiveState
    from controller.sync import compare

    client = clusters.connect(loaded.settings)
    live = LiveState(client)
    live.start()
    try:
        compare.follow(live, client, (), inventory=())
        managed = live.managed(side.application)
        if not side.namespace:
            side = dataclasses.replace(side, namespace=_namespace(managed))
        if loaded.origins["controller_url"] == "default":
            # Only the controller that runs knows its own address: `roster up` chooses one.
            url = _controller_url(managed.values())
            side = dataclasses.replace(side, controller_url=url)
        commit, offline = side.at(revision)
        desired, plan, applied = _plan(client, live, offline, side.application)
    finally:
        live.stop()
    found, note = None, ""
    try:
        found = _since(side, applied, commit, desired)
    except UsageError as error:
        note = str(error)
    steps = (*(step for wave in plan.waves for step in wave), *plan.prunes)
    return _Found(
        desired=desired,
        semantic=found,
        note=note if steps else "",
        guards=plan.guards,
        steps=tuple(
            _Step(
                action=step.action,
                difference=step.difference,
                key=str(step.key),
                component=str(step.component or ""),
                wave=step.wave,
            )
            for step in steps
        ),
    )


def _since(side: _Side, applied: frozenset[str], commit: str, desired: "Desired") -> "SemanticDiff":
    """Compare with the newest commit that the cluster's objects were applied from.

    Raises:
        UsageError: the folder's repository does not have it.
    """
    from controller.diff.semantic.compare import NOTHING, compare
    from controller.source.checkout import Checkout

    if not applied:
        return compare(NOTHING, desired.catalog, after_name=commit)
    newest = Checkout.of(side.folder).newest(sorted(applied))
    if newest is None:
        raise UsageError(
            f"The repository of {side.folder} lacks the commit that the cluster was synced from,"
            f" {min(applied)[:7]}.",
            remedy="Fetch it, and what changes for the agents is told too.",
        )
    _, before = side.at(newest)
    return compare(before.catalog, desired.catalog, before_name=newest, after_name=commit)


def _namespace(managed: "Iterable[ObjectKey]") -> str:
    """Give the namespace in which all objects of an application are; empty where there is none."""
    places = {key.namespace for key in managed if key.namespace}
    return places.pop() if len(places) == 1 else ""


def _controller_url(managed: "Iterable[Manifest]") -> str:
    """Give the address of the controller that the application's agents were told, '' if none."""
    told = {
        str(variable.get("value", ""))
        for manifest in managed
        if manifest.get("kind") == "Deployment"
        for container in manifest["spec"]["template"]["spec"].get("containers") or ()
        for variable in container.get("env") or ()
        if variable.get("name") == "KAGENT_URL"
    }
    return told.pop() if len(told) == 1 else ""


def _plan(
    client: "Client", live: "LiveState", offline: "Desired", name: str
) -> tuple["Desired", "Plan", frozenset[str]]:
    """Compare with the cluster at the moment, without a controller and without its database.

    Gives what is desired with what the cluster contributes, the plan, and the commits from which
    the application's live objects were applied.
    """
    from controller.cluster.inputs import Inputs
    from controller.objects.metadata import REVISION, annotations
    from controller.plan import make
    from controller.plan.policy import Policy
    from controller.reconcile.desired import with_cluster
    from controller.sync import compare

    inputs = Inputs(client)
    try:
        desired = with_cluster(offline, inputs.look(name, offline.wanted))
        components = desired.rendered.components
        compare.follow(live, client, components, inventory=())
        managed = live.managed(name)
        differences = compare.differences(components, live, client)
        plan = make.make(
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
        applied = (annotations(found).get(REVISION, "") for found in managed.values())
        return desired, plan, frozenset(filter(None, applied))
    finally:
        inputs.stop()


def _print(found: _Found, output: Format) -> None:
    from controller.diff.semantic import renderings

    if output in {Format.JSON, Format.YAML}:
        semantic = renderings.data(found.semantic) if found.semantic else None
        objects = [_step_data(step) for step in found.steps]
        print_data({"semantic": semantic, "objects": objects}, output)
        return
    if output is Format.NAME:
        _print_names(found.steps)
        return
    if found.semantic and found.semantic.changes:
        print_semantic(found.semantic)
    if found.note:
        console(stderr=True).print(found.note, markup=False, style="dim")
    _print_steps(found)


def _print_names(steps: Iterable[_Step]) -> None:
    from controller.objects import ObjectKey

    keys = (ObjectKey.parse(step.key) for step in steps)
    sys.stdout.writelines(f"{reference(dataclasses.asdict(key))}\n" for key in keys)


def _print_steps(found: _Found) -> None:
    from controller.diff import format as diff_format

    for step in found.steps:
        sys.stdout.write("\n")
        if step.difference is not None:
            before, after = found.names
            sys.stdout.write(diff_format.unified(step.difference, before=before, after=after))
        else:
            sys.stdout.write(f"===== {step.key} ======\n{step.action}\n")
    for guard in found.guards:
        sys.stdout.write(f"\nheld back [{guard.rule}]: {guard.message}\n")


def _step_data(step: _Step) -> dict[str, Any]:
    changes = step.difference.changes if step.difference else ()
    return {
        "action": step.action,
        "key": step.key,
        "component": step.component,
        "wave": step.wave,
        "changes": [
            {"path": change.path, "before": change.before, "after": change.after}
            for change in changes
        ],
    }
