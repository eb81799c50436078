"""Runs the hooks of an operation: creates them, waits for their end, deletes them.

A hook that neither ends within its time limit nor stays until its end fails with a message that
says so; Argo CD waits for either for ever (its issue 4811).
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from controller.cluster.client import Client
from controller.cluster.live import LiveState
from controller.definitions import hooks
from controller.definitions.hooks import DeletePolicy, Phase
from controller.errors import PermanentError, RosterError
from controller.health import Health, HealthStatus
from controller.objects import Manifest, ObjectKey
from controller.objects.metadata import APPLICATION, COMPONENT, REVISION, annotations, labels
from controller.objects.metadata import with_metadata as marked
from controller.plan.steps import HookStep, Plan
from controller.state.records import ObjectResult
from controller.sync import write
from controller.sync.gate import Gate, StoppedError
from controller.sync.results import FAILED, HOOK_SKIPPED, PRUNED, SYNCED

_LONGEST_NAME = 63
"""Of a Job, whose name becomes a label's value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a hook under the name that it has this time."""

    step: HookStep
    key: ObjectKey
    manifest: Manifest


class Hooks:
    """The hooks of one operation."""

    def __init__(  # noqa: PLR0913 -- the parts of an operation, by name
        self,
        plan: Plan,
        client: Client,
        live: LiveState,
        gate: Gate,
        *,
        started_s: int,
        terminated: Callable[[], bool],
    ) -> None:
        """Name the runs.

        Args:
            plan: with the hooks.
            client: creates and deletes them.
            live: tells how they are doing.
            gate: tells how long to wait.
            started_s: seconds since 1970, which tell the runs of two operations apart.
            terminated: whether a person ended the operation, and with it what it runs.
        """
        self.results: list[ObjectResult] = []
        self._client = client
        self._live = live
        self._gate = gate
        self._terminated = terminated
        self._application = plan.application
        self._runs = [named(step, plan.revision, started_s) for step in plan.hooks]

    @property
    def keys(self) -> frozenset[ObjectKey]:
        """Every object that may be created."""
        return frozenset(run.key for run in self._runs)

    def waves(self, phase: Phase) -> list[int]:
        """Give the waves of a phase that have hooks, in order."""
        return sorted({run.step.wave for run in self._runs if run.step.phase is phase})

    def run(self, phase: Phase) -> str:
        """Run the hooks of a phase, wave by wave; give why what follows must not start."""
        for wave in self.waves(phase):
            if reason := self.run_wave(phase, wave):
                return reason
        return ""

    def run_wave(self, phase: Phase, wave: int) -> str:
        """Run the hooks of one wave side by side; give why what follows must not start."""
        runs = [run for run in self._runs if run.step.phase is phase and run.step.wave == wave]
        try:
            self._gate.check()
            started = [run for run in runs if self._start(run)]
            self._wait(started)
        except StoppedError as error:
            return str(error)
        finally:
            self._runs = [run for run in self._runs if run not in runs]
        failed = [one for one in self.results if one.status == FAILED and one.hook_phase]
        return f"HookFailed: {failed[0].key}: {failed[0].message}" if failed else ""

    def skip(self, phase: Phase, reason: str, *, status: str = HOOK_SKIPPED) -> None:
        """Give a result to hooks that are not run; SyncFail makes it a reason to try again."""
        for run in [run for run in self._runs if run.step.phase is phase]:
            self._note(run, status, f"not run: {reason}", "")
            self._runs.remove(run)

    def _start(self, run: Run) -> bool:
        try:
            if DeletePolicy.BEFORE_CREATION in run.step.hook.policies:
                self._clear(run)
            self._live.observed(self._client.apply(run.manifest))
        except RosterError as error:
            self._note(run, FAILED, str(error), "Failed")
            return False
        return True

    def _clear(self, run: Run) -> None:
        """Delete what earlier runs left, and wait until it is gone."""
        for found in self._earlier(run):
            key = ObjectKey.of(found)
            self._delete(found)
            write.wait_until_gone(key, self._client, self._live, self._gate)
            self._live.gone(found)
            if key != run.key:
                self.results.append(
                    ObjectResult(
                        key=str(key),
                        action="prune",
                        status=PRUNED,
                        message="it was an earlier run of a hook",
                        sync_phase=run.step.phase,
                    )
                )

    def _earlier(self, run: Run) -> list[Manifest]:
        if run.step.key.name:
            found = self._client.get(run.key, str(run.manifest.get("apiVersion", "")))
            if found is None:
                return []
            if labels(found).get(APPLICATION) != self._application:
                raise PermanentError(
                    f"{run.key} exists and is no hook of this application.",
                    remedy="Rename the hook.",
                )
            return [found]
        return [
            found
            for key, found in self._live.managed(self._application).items()
            if (key.group, key.kind) == (run.key.group, run.key.kind)
            and hooks.is_hook(found)
            and annotations(found).get(COMPONENT) == str(run.step.component)
        ]

    def _wait(self, runs: Sequence[Run]) -> None:
        """Wait until every hook came to an end, one way or another."""
        started = time.monotonic()
        waiting = list(runs)
        try:
            while waiting := [run for run in waiting if not self._has_ended(run, started)]:
                ends = min(started + self._limit_s(run) for run in waiting)
                self._gate.pause(ends)
        except StoppedError as error:
            for run in waiting:
                self._leave(run, str(error))
            raise

    def _leave(self, run: Run, reason: str) -> None:
        """Let go of a hook that runs: one of a terminated operation is deleted, as Argo CD does.

        Where another operation follows, that one deletes it or takes it up.
        """
        if not self._terminated():
            self._note(run, FAILED, f"{reason} It goes on by itself.", "Running")
            return
        is_gone, refusal = self._cleaned(run)
        if is_gone:
            self._note(run, FAILED, f"{reason} It was deleted.", "Failed", is_gone=True)
        else:
            self._note(run, FAILED, f"{reason} It goes on by itself: {refusal}", "Running")

    def _has_ended(self, run: Run, started: float) -> bool:
        if self._live.get(run.key) is None and self._client.get(run.key) is None:
            self._end(run, "it was deleted before it ended", is_gone=True)
            return True
        state = self._gate.health(run.key)
        if state.status is HealthStatus.HEALTHY:
            self._end(run, "")
        elif state.status is HealthStatus.DEGRADED:
            self._end(run, state.message or "it failed")
        elif time.monotonic() - started >= self._limit_s(run):
            self._end(run, _late(self._limit_s(run), state))
        else:
            return False
        return True

    def _limit_s(self, run: Run) -> float:
        return run.step.hook.timeout_s or self._gate.timeout_s

    def _end(self, run: Run, problem: str, *, is_gone: bool = False) -> None:
        policy = DeletePolicy.FAILED if problem else DeletePolicy.SUCCEEDED
        if policy in run.step.hook.policies and not is_gone:
            is_gone, refusal = self._cleaned(run)
            problem = "; ".join(part for part in (problem, refusal) if part)
        status, how = (FAILED, "Failed") if problem else (SYNCED, "Succeeded")
        self._note(run, status, problem or "the hook succeeded", how, is_gone=is_gone)

    def _cleaned(self, run: Run) -> tuple[bool, str]:
        """Delete a hook; tell whether it went, or why it did not."""
        found = self._live.get(run.key)
        if found is None:
            return True, ""
        try:
            self._delete(found)
        except RosterError as error:
            return False, str(error)
        return True, ""

    def _delete(self, found: Manifest) -> None:
        # What a Job owns goes by itself afterwards: nobody has to wait for its pods.
        uid = str(found["metadata"]["uid"])
        self._client.delete(found, uid=uid, propagation="Background")

    def _note(
        self, run: Run, status: str, message: str, how: str, *, is_gone: bool = False
    ) -> None:
        self.results.append(
            ObjectResult(
                key=str(run.key),
                action="create",
                status=status,
                message=message,
                sync_phase=run.step.phase,
                hook_phase=how,
                is_gone=is_gone,
            )
        )


def failed(results: Iterable[ObjectResult]) -> bool:
    """Tell whether anything failed, so that hooks of SyncFail are due."""
    return any(result.status == FAILED for result in results)


def named(step: HookStep, revision: str, started_s: int) -> Run:
    """Give a run of a hook a name: its own, or a new one where it has a prefix only."""
    metadata = dict(step.manifest.get("metadata") or {})
    if not step.key.name:
        # As Argo CD names them, so that a name tells commit, phase and time.
        tail = f"{revision[:7]}-{step.phase.lower()}-{started_s}"
        prefix = str(metadata.pop("generateName", "hook-"))
        metadata["name"] = f"{prefix[: _LONGEST_NAME - len(tail)]}{tail}"
    manifest = marked(
        {**step.manifest, "metadata": metadata}, labels={}, annotations={REVISION: revision}
    )
    return Run(step=step, key=ObjectKey.of(manifest), manifest=manifest)


def _late(limit_s: float, state: Health) -> str:
    return f"it did not end within {limit_s:g} s: {state.message or state.status}"
