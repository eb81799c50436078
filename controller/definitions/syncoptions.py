"""Sync options: how objects are written and deleted, for an application or for one object.

Names and values are Argo CD's (`syncOptions`, annotation `argocd.argoproj.io/sync-options`), with
`roster.dev/sync-options` as our own spelling of the annotation. Options of Argo CD's that ask for
what Roster always does are taken; those that ask for the opposite are refused, so that nobody
believes in a setting that does nothing.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from controller.definitions import suggest
from controller.definitions.view import View
from controller.definitions.violation import Violation
from controller.objects import Manifest
from controller.objects.metadata import ARGO_SYNC_OPTIONS, SYNC_OPTIONS, annotations


class Consent(StrEnum):
    """Whether something may happen by itself."""

    YES = "true"
    NO = "false"
    CONFIRM = "confirm"
    """Only after a person said yes."""


class Propagation(StrEnum):
    """What becomes of the objects that a deleted one owns."""

    FOREGROUND = "foreground"
    BACKGROUND = "background"
    ORPHAN = "orphan"


class Conflicts(StrEnum):
    """What happens where another field manager owns a field that git asks for."""

    FORCE = "force"
    FAIL = "fail"


class Validation(StrEnum):
    """Who checks an object before the first write of a sync."""

    OFFLINE = "true"
    """The Kubernetes schema; the server only where that does not know the kind."""
    SERVER = "server"
    """The server, by a dry-run."""
    NONE = "false"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOptions:
    """All options, as they hold for one object."""

    adopt: bool = False
    """Take over an object that exists and belongs to nobody."""
    create_namespace: bool = False
    prune: Consent = Consent.YES
    """Whether the object may be deleted when it leaves git, where pruning is on at all."""
    prune_last: bool = False
    """Delete after everything else is written and healthy."""
    propagation: Propagation = Propagation.FOREGROUND
    replace: bool = False
    """Write the whole object, so that fields of others go too."""
    force: bool = False
    """Delete and create anew what has to change in a field that cannot change."""
    conflicts: Conflicts = Conflicts.FORCE
    validation: Validation = Validation.OFFLINE
    skip_dry_run_on_missing_resource: bool = False
    """Do not ask the server about objects whose kind it does not know yet."""
    fail_on_shared_resource: bool = False
    """Write nothing of a component that another application claims an object of."""


DEFAULTS = SyncOptions()
"""What holds where nobody says otherwise."""
_BOOLEANS: Mapping[str, Any] = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class _Option:
    field: str
    """Of `SyncOptions`; empty where Roster does it anyway."""
    values: Mapping[str, Any]
    of_objects: bool = True
    why_not: str = ""
    """Why Argo CD's other values do not exist here."""


def _always(why_not: str, *, of_objects: bool = False) -> _Option:
    return _Option("", {"true": True}, of_objects, why_not)


_OPTIONS: Mapping[str, _Option] = {
    "Adopt": _Option("adopt", _BOOLEANS),
    "ApplyOutOfSyncOnly": _always("Roster writes only what is out of sync"),
    "CreateNamespace": _Option("create_namespace", _BOOLEANS, of_objects=False),
    "Delete": _Option("", {"false": False, "confirm": False}, why_not=(
        "Roster never deletes the objects of an application that is removed")),
    "FailOnSharedResource": _Option("fail_on_shared_resource", _BOOLEANS, of_objects=False),
    "Force": _Option("force", _BOOLEANS),
    "Prune": _Option("prune", {value.value: value for value in Consent}),
    "PruneLast": _Option("prune_last", _BOOLEANS),
    "PrunePropagationPolicy": _Option(
        "propagation", {value.value: value for value in Propagation}),
    "Replace": _Option("replace", _BOOLEANS),
    "RespectIgnoreDifferences": _always("what ignoreDifferences names is never written"),
    "ServerSideApply": _always("Roster always applies on the server", of_objects=True),
    "ServerSideApplyConflicts": _Option(
        "conflicts", {value.value: value for value in Conflicts}),
    "SkipDryRunOnMissingResource": _Option("skip_dry_run_on_missing_resource", _BOOLEANS),
    "Validate": _Option("validation", {value.value: value for value in Validation}),
}  # fmt: skip


CHOICES = tuple(
    f"{name}={value}" for name, option in sorted(_OPTIONS.items()) for value in option.values
)
"""Everything that may stand in an application's `syncOptions`, for editors."""


def parse(texts: Iterable[str], base: SyncOptions = DEFAULTS) -> SyncOptions:
    """Give the options that texts such as `PruneLast=true` set, later ones over earlier ones.

    What `check` finds wrong sets nothing.
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, value = _split(text)
        option = _OPTIONS.get(name)
        if option and option.field and value in option.values:
            found[option.field] = option.values[value]
    return dataclasses.replace(base, **found)


def of_object(manifest: Manifest, base: SyncOptions = DEFAULTS) -> SyncOptions:
    """Give the options that hold for an object: its own over the application's."""
    texts = texts_of(manifest)
    return parse(texts, base) if texts else base


def texts_of(manifest: Manifest) -> tuple[str, ...]:
    """Give the options that an object's annotations name, our annotation last."""
    own = annotations(manifest)
    found = [own[name] for name in (ARGO_SYNC_OPTIONS, SYNC_OPTIONS) if name in own]
    if not found:
        return ()
    return tuple(part for text in found if text for part in str(text).split(",") if part.strip())


def check(options: View) -> Iterator[Violation]:
    """Check the list of an application's options."""
    for option in options.each():
        if isinstance(option.value, str):
            yield from _check_one(option, option.value, of_object=False)


def check_annotations(notes: View) -> Iterator[Violation]:
    """Check the options of an object, wherever its annotations name them."""
    for name in (ARGO_SYNC_OPTIONS, SYNC_OPTIONS):
        for text in notes[name].text.split(","):
            if text.strip():
                yield from _check_one(notes[name], text, of_object=True)


def problem(text: str, *, of_object: bool = False) -> tuple[str, str] | None:
    """Give what is wrong with an option, and what to do about it."""
    name, value = _split(text)
    option = _OPTIONS.get(name)
    known = [name for name, one in _OPTIONS.items() if one.of_objects or not of_object]
    if option is None or name not in known:
        if option is not None:
            return (
                f"the sync option {name} is for whole applications",
                "Set it in the application's syncOptions.",
            )
        near = suggest.nearest(name, known)
        hint = f"Did you mean {near!r}? " if near else ""
        return (
            f"there is no sync option {name!r}",
            f"{hint}There are {suggest.listing(known, len(known))}.",
        )
    if value in option.values:
        return None
    why = f": {option.why_not}" if option.why_not else ""
    near = suggest.nearest(value, option.values)
    hint = f"Did you mean {name}={near}? " if near else ""
    choices = suggest.listing(f"{name}={one}" for one in option.values)
    return f"the sync option {name} cannot be {value!r}{why}", f"{hint}Write {choices}."


def _check_one(place: View, text: str, *, of_object: bool) -> Iterator[Violation]:
    found = problem(text, of_object=of_object)
    if found:
        message, remedy = found
        yield Violation(rule="invalid-sync-option", path=place.path, message=message, remedy=remedy)


def _split(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip()
