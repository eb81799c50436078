"""Hooks: objects that a sync runs at a certain point instead of keeping them as they are in git.

A Job that migrates a database before an agent changes, a Pod that checks it afterwards. The
annotations are Argo CD's (`argocd.argoproj.io/hook`), with `roster.dev/hook` as our own spelling.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from controller.definitions import schema, suggest
from controller.definitions.findings import Severity
from controller.definitions.view import View
from controller.definitions.violation import Violation
from controller.objects import Manifest
from controller.objects.metadata import annotations

HOOK, ARGO_HOOK = "roster.dev/hook", "argocd.argoproj.io/hook"
POLICY, ARGO_POLICY = "roster.dev/hook-delete-policy", "argocd.argoproj.io/hook-delete-policy"
TIMEOUT = "roster.dev/hook-timeout"
_NEVER = frozenset({"Skip", "PreDelete", "PostDelete"})
"""Hooks of Argo CD's that no sync runs; `Skip` asks for that, the others for a deletion."""
_UNITS_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


class Phase(StrEnum):
    """When a hook runs."""

    PRE_SYNC = "PreSync"
    SYNC = "Sync"
    """Together with the objects of its wave."""
    POST_SYNC = "PostSync"
    """When everything is written and healthy."""
    SYNC_FAIL = "SyncFail"


class DeletePolicy(StrEnum):
    """When a hook's object is deleted."""

    BEFORE_CREATION = "BeforeHookCreation"
    SUCCEEDED = "HookSucceeded"
    FAILED = "HookFailed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """What an object says about being a hook."""

    phases: tuple[Phase, ...]
    policies: frozenset[DeletePolicy]
    timeout_s: float | None = None
    """How long it may take; the operation's own limit where None."""


def of(manifest: Manifest) -> Hook | None:
    """Give what an object says about being a hook, None where it is none.

    Words that `check` finds wrong count for nothing, so that such an object is never written.
    """
    notes = annotations(manifest)
    text = notes.get(HOOK, notes.get(ARGO_HOOK))
    if text is None:
        return None
    policies = _words(str(notes.get(POLICY, notes.get(ARGO_POLICY, ""))))
    return Hook(
        phases=tuple(phase for phase in Phase if phase in _words(str(text))),
        policies=frozenset(policy for policy in DeletePolicy if policy in policies)
        or frozenset({DeletePolicy.BEFORE_CREATION}),
        timeout_s=_seconds(str(notes.get(TIMEOUT, ""))),
    )


def is_hook(manifest: Manifest) -> bool:
    """Tell whether an object is a hook."""
    notes = annotations(manifest)
    return HOOK in notes or ARGO_HOOK in notes


def check(notes: View, *, is_own_kind: bool) -> Iterator[Violation]:
    """Check the annotations of a hook; definitions of agents and tools cannot be one."""
    for name in (HOOK, ARGO_HOOK):
        if notes[name] and is_own_kind:
            yield _violation(
                notes[name],
                "a definition that renders to objects cannot be a hook",
                "Make a Job or Pod the hook.",
            )
        elif notes[name]:
            yield from _check_words(notes[name], "hook", (*map(str, Phase), *_NEVER))
            yield from _never(notes[name])
    for name in (POLICY, ARGO_POLICY):
        yield from _check_words(
            notes[name], "delete policy of hooks", tuple(map(str, DeletePolicy))
        )
    limit = notes[TIMEOUT]
    if limit and _seconds(limit.text) is None:
        yield _violation(limit, f"{limit.text!r} is no duration", "Write it as 90s or 10m.")


def _check_words(place: View, what: str, known: tuple[str, ...]) -> Iterator[Violation]:
    for word in _words(place.text):
        if word not in known:
            near = suggest.nearest(word, known)
            hint = f"Did you mean {near!r}? " if near else ""
            yield _violation(
                place,
                f"there is no {what} {word!r}",
                f"{hint}There are {suggest.listing(known)}.",
            )


def _never(place: View) -> Iterator[Violation]:
    for word in _words(place.text):
        if word in {"PreDelete", "PostDelete"}:
            yield _violation(
                place,
                f"a hook of the kind {word} never runs: Roster leaves the objects of an"
                " application that is removed",
                "Remove it, or make it one of a sync's phases.",
                Severity.WARNING,
            )


def _violation(
    place: View, message: str, remedy: str, severity: Severity = Severity.ERROR
) -> Violation:
    return Violation(
        rule="invalid-hook", path=place.path, message=message, remedy=remedy, severity=severity
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _seconds(text: str) -> float | None:
    if not re.fullmatch(schema.DURATION, text):
        return None
    parts = re.findall(r"([0-9.]+)(ns|us|µs|ms|s|m|h)", text)
    return sum(float(number) * _UNITS_S[unit] for number, unit in parts)
