"""When and how a revision is applied: the part `syncPolicy` of an Application, and its checks.

The fields are Argo CD's, windows included, which it keeps in its projects; `mode` is Roster's own.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import Field

from controller.definitions import syncoptions
from controller.definitions.schema import DURATION, Model, Opt
from controller.definitions.view import View
from controller.definitions.violation import Violation

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


class Automated(Model):
    """What happens without a person."""

    enabled: bool = Field(default=True, description="Sync every new revision.")
    prune: bool = Field(default=False, description="Delete what left the repository.")
    self_heal: bool = Field(default=False, description="Undo changes made in the cluster.")


class RetryBackoff(Model):
    """How long is waited before another try."""

    duration: str = Field(default="5s", pattern=DURATION, description="Before the first.")
    factor: float = Field(default=2, ge=1, description="By which each wait is longer.")
    max_duration: str = Field(default="3m", pattern=DURATION, description="The longest.")


class RetryDefinition(Model):
    """What happens after a sync that failed; a new revision never waits for it."""

    limit: Opt[int] = Field(
        default=None,
        description="Tries after the first; negative for as long as it fails. Left out: 5 for "
        "hooks, and objects are tried for as long as they fail.",
    )
    backoff: RetryBackoff = Field(
        default_factory=RetryBackoff, description="How long is waited before another try."
    )


class SyncWindowDefinition(Model):
    """A time that comes again, in which syncs are allowed or denied; deny wins."""

    kind: Literal["allow", "deny"] = Field(description="Whether syncs are allowed or denied then.")
    schedule: str = Field(min_length=1, description="When it begins: five fields of cron.")
    duration: str = Field(pattern=DURATION, description="How long it lasts, such as 1h30m.")
    time_zone: str = Field(
        default="UTC", description="Zone of the schedule, such as Europe/Berlin."
    )
    manual_sync: bool = Field(default=False, description="Whether a person may sync nevertheless.")


class SyncPolicyDefinition(Model):
    """When a revision is applied."""

    automated: Opt[Automated] = Field(
        default=None, description="Sync without a person; left out, syncs are started by hand."
    )
    mode: Opt[Literal["enforce", "warn", "manual"]] = Field(
        default=None,
        description="In a word, in place of automated: enforce syncs and heals, warn only tells "
        "what differs, manual waits for a person.",
    )
    retry: RetryDefinition = Field(
        default_factory=RetryDefinition, description="What happens after a sync that failed."
    )
    sync_windows: list[SyncWindowDefinition] = Field(
        default_factory=list, description="When syncs are allowed or denied."
    )
    sync_options: list[str] = Field(
        default_factory=list,
        description="How objects are written and deleted, as Name=value with Argo CD's names: "
        "CreateNamespace=true makes the namespace where it is missing; Adopt=true takes over "
        "objects that exist and belong to nobody.",
        json_schema_extra={"items": {"type": "string", "enum": list(syncoptions.CHOICES)}},
    )

    @property
    def automation(self) -> Automated:
        """What happens without a person, however it was said."""
        if self.mode == "enforce":
            return self.automated or Automated.model_validate({"selfHeal": True})
        if self.mode is not None or self.automated is None:
            return Automated(enabled=False)
        return self.automated


def check(policy: View) -> Iterator[Violation]:
    """Check what the models cannot: schedules, time zones, and words that contradict each other."""
    mode, automated = policy["mode"], policy["automated"]
    is_automated = isinstance(automated.value, dict) and automated["enabled"].value is not False
    if mode.text in {"warn", "manual"} and is_automated:
        yield Violation(
            rule="contradicting-mode",
            path=mode.path,
            message=f"the mode {mode.text!r} changes nothing by itself, and automated says it does",
            remedy="Remove one of them.",
        )
    for window in policy["syncWindows"].each():
        if window["schedule"].text:
            yield from _schedule(window["schedule"])
        if window["timeZone"].text:
            yield from _zone(window["timeZone"])


def _schedule(schedule: View) -> Iterator[Violation]:
    problem = ""
    try:
        begins = next(CronSim(schedule.text, _ANY_TIME), None)
        if begins is None or len(schedule.text.split()) != 5:
            problem = "it never comes" if begins is None else "it has more than five fields"
    except CronSimError as error:
        problem = str(error)
    if problem:
        yield Violation(
            rule="invalid-schedule",
            path=schedule.path,
            message=f"{schedule.text!r} is no schedule of cron: {problem[:1].lower()}{problem[1:]}",
            remedy="Write minute, hour, day, month and weekday: '0 22 * * 5' is Friday at 22:00.",
        )


def _zone(zone: View) -> Iterator[Violation]:
    try:
        ZoneInfo(zone.text)
    except (KeyError, ValueError, OSError):
        yield Violation(
            rule="unknown-time-zone",
            path=zone.path,
            message=f"there is no time zone {zone.text!r}",
            remedy="Use a name of the IANA database, such as Europe/Berlin or UTC.",
        )
