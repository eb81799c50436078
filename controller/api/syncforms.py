"""The sync dialog's form, read into the body that the API takes. Pure.

An unticked box sends nothing, so the dialog says that it is one: from it, silence about pruning
means no, and from anybody else it means what the application's policy says.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import pydantic
from werkzeug.datastructures import MultiDict

from controller.api.pages import ComponentRow
from controller.api.problems import ProblemError, explained
from controller.api.syncbody import OptionsBody, ResourceBody, StrategyBody, SyncBody
from controller.definitions.syncoptions import Conflicts, Propagation, Validation
from controller.objects import ObjectKey
from controller.state.records import SyncStatus

DIALOG = "dialog"
ALL, OUT_OF_SYNC, CHOSEN = "all", "out-of-sync", "chosen"
_FLAGS = {
    "replace": "Replace=true",
    "prune_last": "PruneLast=true",
    "create_namespace": "CreateNamespace=true",
    "adopt": "Adopt=true",
}
CHOICES: dict[str, tuple[str, Sequence[str]]] = {
    "conflicts": ("ServerSideApplyConflicts", tuple(Conflicts)),
    "propagation": ("PrunePropagationPolicy", tuple(Propagation)),
    "validate": ("Validate", tuple(Validation)),
}
"""Fields with several answers: the sync option, and its values. Empty is the application's own."""


Form: TypeAlias = "MultiDict[str, str]"
"""What was sent, or stands in an address."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the dialog shows as filled in."""

    form: Form
    prunes: bool
    """The application's policy."""

    def has(self, name: str) -> bool:
        """Tell whether a box is ticked."""
        if name == "prune" and not self.form.get(DIALOG):
            return self.prunes
        return bool(self.form.get(name))

    def text(self, name: str) -> str:
        """Give what stands in a field."""
        return self.form.get(name, "")

    @property
    def objects(self) -> frozenset[str]:
        """The objects that are ticked, as `str(ObjectKey)`."""
        return frozenset(self.form.getlist("object"))

    @property
    def components(self) -> frozenset[str]:
        """The definitions that are ticked, as `str(DefinitionId)`."""
        return frozenset(self.form.getlist("component"))

    @property
    def what(self) -> str:
        """Which objects are wanted."""
        is_chosen = bool(self.objects or self.components)
        return self.form.get("what", "") or (CHOSEN if is_chosen else ALL)


def body(form: Form, rows: Iterable[ComponentRow]) -> SyncBody:
    """Read a form.

    Args:
        form: what was sent.
        rows: the application's definitions with their objects, and orphans.

    Raises:
        ProblemError: it says something that no sync can do.
    """
    prune = bool(form.get("prune")) or (False if form.get(DIALOG) else None)
    try:
        return SyncBody(
            revision=form.get("revision", "").strip() or None,
            prune=prune,
            dryRun=bool(form.get("dry_run")),
            confirmed=bool(form.get("confirmed")),
            resources=_resources(form, rows),
            syncOptions=OptionsBody(items=list(_options(form))),
            strategy=StrategyBody.model_validate(_strategy(form)),
        )
    except pydantic.ValidationError as error:
        raise _problem(error) from error


def _strategy(form: Form) -> dict[str, dict[str, bool]]:
    force = {"force": bool(form.get("force"))}
    return {"apply": force} if form.get("apply_only") else {"hook": force}


def _options(form: Form) -> Iterator[str]:
    yield from (option for name, option in _FLAGS.items() if form.get(name))
    for name, (option, _) in CHOICES.items():
        if value := form.get(name, ""):
            yield f"{option}={value}"


def _resources(form: Form, rows: Iterable[ComponentRow]) -> list[ResourceBody]:
    """Give the objects that are wanted; none stands for all."""
    given = Given(form, prunes=False)
    if given.what == ALL:
        return []
    keys = [
        item.key
        for row in rows
        for item in row.objects
        if (
            item.sync is not SyncStatus.SYNCED
            if given.what == OUT_OF_SYNC
            else item.key in given.objects or row.component.id in given.components
        )
    ]
    if not keys:
        raise ProblemError(
            400,
            "BadRequest",
            "No object is chosen.",
            remedy="Tick what to sync, or choose all objects.",
        )
    return [_resource(ObjectKey.parse(key)) for key in keys]


def _resource(key: ObjectKey) -> ResourceBody:
    return ResourceBody(group=key.group, kind=key.kind, namespace=key.namespace, name=key.name)


def _problem(error: pydantic.ValidationError) -> ProblemError:
    if any(item["loc"][:1] == ("revision",) for item in error.errors()):
        message = "The revision is not a commit, branch or tag."
        remedy = "Leave it empty for the application's own target."
    else:
        told = explained(error)
        message, remedy = told.message, told.remedy
    return ProblemError(400, "BadRequest", message, remedy=remedy)
