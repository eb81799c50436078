"""What is happening, while it happens: a live table on a terminal, plain lines elsewhere."""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from controller.cli.output import console, print_finding, short, table

if TYPE_CHECKING:
    from controller.state.records import ApplicationRecord, ComponentStatus, StoredFinding

_TICK_S = 0.1
_CALM_S = 1.0
"""How long all has to be well before it counts: after a restart, the first look is at yesterday's
pods."""
SETTLE_TIMEOUT_S = 60.0
_INDENT = 12
"""Of a finding: it stands below the name of its component."""


class Progress:
    """Shows how the components of all applications are doing until it is stopped."""

    def __init__(self, applications: "Callable[[], Sequence[ApplicationRecord]]") -> None:
        self._applications = applications
        self._started = datetime.now(UTC)
        self._well_since: float | None = None
        self._stop = threading.Event()
        self._settled = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)

    def start(self) -> None:
        """Begin to show."""
        self._thread.start()

    def wait_until_settled(self, timeout_s: float = SETTLE_TIMEOUT_S) -> bool:
        """Wait until every application is in sync and healthy, or broken; False: time is up.

        Raises:
            Exception: what ended the thread that shows.
        """
        settled = self._settled.wait(timeout_s)
        if self._failure is not None:
            raise self._failure
        return settled

    def stop(self) -> None:
        """Stop showing."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        try:
            if sys.stdout.isatty():
                self._show_table()
            self._show_lines()
        except Exception as error:  # noqa: BLE001 - handed to the thread that waits, or told here
            self._failure = error
            if self._settled.is_set():
                console(stderr=True).print(f"Nothing more is shown: {error!r}", markup=False)
            self._settled.set()

    def _has_settled(self, records: "Sequence[ApplicationRecord]") -> bool:
        now = time.monotonic()
        well = bool(records) and all(_is_well(record, self._started) for record in records)
        self._well_since = (self._well_since or now) if well else None
        return self._well_since is not None and now - self._well_since >= _CALM_S

    def _show_table(self) -> None:
        """Redraw a table until everything has settled; from then on, changes are lines."""
        from rich.live import Live

        with Live(console=console(), refresh_per_second=1 / _TICK_S, transient=False) as live:
            while not self._stop.wait(_TICK_S):
                records = self._applications()
                live.update(_table(records))
                if self._has_settled(records):
                    break
        # Only now: while the table is redrawn, whatever else is printed is lost.
        self._settled.set()

    def _show_lines(self) -> None:
        # The table has shown what was there when all had settled.
        records = self._applications() if self._settled.is_set() else ()
        known, findings = _states(records), _findings(records)
        while True:
            records = self._applications()
            states = _states(records)
            if any(record.status.sync == "Unknown" for record in records):
                # A file that cannot be read names nothing, but what it defined still runs.
                states = {**known, **states}
            _print_changes(known, states)
            _print_new(findings, now := _findings(records))
            known, findings = states, now
            if self._has_settled(records):
                self._settled.set()
            if self._stop.wait(_TICK_S):
                return


_States = dict[str, tuple[str, ...]]


def _print_changes(known: _States, states: _States) -> None:
    out, clock = console(), time.strftime("%H:%M:%S")
    for name, state in states.items():
        if known.get(name) != state:
            out.print(f"{clock}  {name:<40} {'  '.join(state)}".rstrip(), markup=False)
    for name in known.keys() - states.keys():
        out.print(f"{clock}  {name:<40} gone", markup=False)


def _findings(records: "Sequence[ApplicationRecord]") -> "Sequence[StoredFinding]":
    return [finding for record in records for finding in record.status.findings]


def _print_new(known: "Sequence[StoredFinding]", findings: "Sequence[StoredFinding]") -> None:
    """Print findings that were not there before, with what to do about them."""
    out = console()
    for finding in findings:
        if finding in known or finding.cause:
            continue
        print_finding(
            out,
            place=f"{finding.file}:{finding.line}:{finding.column}",
            severity=finding.severity,
            text=f"{finding.message} [{finding.rule}]",
            remedy=finding.remedy,
            indent=_INDENT,
        )


def _states(records: "Sequence[ApplicationRecord]") -> _States:
    """What each line says: the application's own state, and that of its components."""
    states: _States = {}
    for record in records:
        status = record.status
        revision = short(status.commit.revision) if status.commit else ""
        problems = tuple(condition.message for condition in status.conditions[:1])
        states[record.spec.name] = (status.sync, status.health, revision, *problems)
        for component in status.components:
            is_well = component.health == "Healthy" and component.sync != "Unknown"
            message = "" if is_well else component.message
            states[f"  {component.kind} {component.name}"] = (
                component.sync,
                component.health,
                *([message] if message else []),
            )
    return states


def _table(records: "Sequence[ApplicationRecord]") -> Any:
    components: list[ComponentStatus] = [
        component for record in records for component in record.status.components
    ]
    rows = [
        (
            component.kind,
            component.name,
            component.sync,
            component.health,
            component.message if component.health != "Healthy" else "",
        )
        for component in components
    ]
    return table(["kind", "name", "sync", "health", "message"], rows)


def _is_well(record: "ApplicationRecord", started: datetime) -> bool:
    """Tell whether there is nothing to wait for: all is done, or waits for a person."""
    status = record.status
    if status.reconciled_at is None or status.reconciled_at < started:
        return False
    return status.sync != "OutOfSync" and (status.health == "Healthy" or bool(status.findings))
