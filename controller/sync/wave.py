"""One wave: every component as soon as what it depends on is healthy.

Components wait for their own dependencies only, so an agent with a slow tool server holds up
nobody but the agents that call it.
"""

import time
from collections.abc import Sequence

from controller.definitions.findings import DefinitionId
from controller.plan.steps import Plan, Step
from controller.sync import gate as gates
from controller.sync.gate import Gate, StoppedError
from controller.sync.writer import Writer

_MAKERS = frozenset({"CustomResourceDefinition", "Namespace"})
"""Kinds without which the server does not take others."""


class Wave:
    """The steps of one wave, on their way."""

    def __init__(self, steps: Sequence[Step], plan: Plan, writer: Writer, gate: Gate) -> None:
        self._plan = plan
        self._writer = writer
        self._gate = gate
        self.number = steps[0].wave
        self._pending: dict[DefinitionId | None, list[Step]] = {}
        for step in steps:
            self._pending.setdefault(step.component, []).append(step)

    def refuse(self, reason: str) -> str:
        """Write nothing of what is left, and give the reason on."""
        for steps in self._pending.values():
            self._writer.refuse(steps, reason)
        self._pending.clear()
        return reason

    def run(self) -> str:
        """Write everything; give why the next wave must not start, or nothing.

        Raises:
            StoppedError: the operation must end; what is left is not written.
        """
        self._gate.check()
        problem = lower_waves(self.number, self._plan, self._writer, self._gate)
        if problem:
            return self.refuse(problem)
        deadline = time.monotonic() + self._gate.timeout_s
        while self._pending:
            if self._step(is_over=time.monotonic() >= deadline):
                deadline = time.monotonic() + self._gate.timeout_s
            else:
                self._gate.pause(deadline)
        return ""

    def _step(self, *, is_over: bool) -> bool:
        """Write or refuse what can be now; tell whether there was anything."""
        ready: list[DefinitionId | None] = []
        refused: list[tuple[DefinitionId | None, str]] = []
        for component in self._pending:
            waits, problem = self._dependencies(component)
            if problem or (waits and is_over):
                refused.append((component, f"DependencyNotReady: {problem or waits}"))
            elif not waits:
                ready.append(component)
        self._write([step for component in ready for step in self._pending.pop(component)])
        for component, reason in refused:
            self._writer.refuse(self._pending.pop(component), reason)
        return bool(ready or refused)

    def _write(self, steps: Sequence[Step]) -> None:
        """Write what others are made of first, and wait until the server is ready for those."""
        makers = [step for step in steps if step.key.kind in _MAKERS]
        others = [step for step in steps if step.key.kind not in _MAKERS]
        self._writer.write(makers)
        try:
            self._gate.wait(step.key for step in makers)
        except StoppedError as error:
            self._writer.refuse(others, str(error))
            raise
        self._writer.write(others)

    def _dependencies(self, component: DefinitionId | None) -> tuple[str, str]:
        """Give what a component waits for, and what it waits for in vain."""
        waits = ""
        for needed in sorted(self._plan.depends_on.get(component, ())) if component else ():
            if needed in self._writer.failed:
                return "", f"{needed} failed: {self._writer.failed[needed]}"
            unwell = self._gate.unwell(self._writer.keys.get(needed, ()))
            if needed in self._pending:
                waits = f"{needed} is not written yet"
            elif gates.is_hopeless(unwell):
                return "", f"{needed}: {gates.told(unwell)}"
            elif unwell:
                waits = f"{needed}: {gates.told(unwell)}"
        return waits, ""


def lower_waves(number: int, plan: Plan, writer: Writer, gate: Gate) -> str:
    """Wait for the waves before one; give why they cannot be built on.

    Raises:
        StoppedError: the operation must end.
    """
    lower = [step for steps in plan.waves for step in steps if step.wave < number]
    failed = [step for step in lower if step.component in writer.failed]
    if failed:
        return f"WaveFailed: {failed[0].key} of wave {failed[0].wave} could not be applied."
    unwell = gate.wait(step.key for step in lower)
    return f"WaveNotHealthy: {gates.told(unwell)}" if unwell else ""
