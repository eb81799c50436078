"""One container: started, probed, restarted and ended."""

import asyncio
import os
import signal
from collections.abc import Coroutine, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import structlog

from controller.local.workloads import images, times
from controller.local.workloads.images import ImageError
from controller.local.workloads.kubelet import commands, logs, probes, quantities, states
from controller.local.workloads.kubelet.addresses import PodAddress
from controller.local.workloads.kubelet.backoff import Backoff
from controller.local.workloads.kubelet.environment import ConfigError
from controller.local.workloads.kubelet.node import Node
from controller.local.workloads.kubelet.processes import Process, SpawnError
from controller.local.workloads.kubelet.questions import Questions
from controller.objects import Manifest

log = structlog.get_logger(__name__)

_IMAGE_LOOK_S = 5.0
_DRAIN_S = 0.5
"""How long output is taken after the end: all processes of the group are dead by then."""
_MESSAGE_BYTES = 4096
_MESSAGE_LOG_BYTES, _MESSAGE_LOG_LINES = 2048, 80
_KILLED = 128 + signal.SIGKILL


class Pod(Protocol):
    """What a container needs of its pod, which is above it and runs it."""

    node: Node
    folder: Path
    address: PodAddress
    volumes: Mapping[str, Path]

    @property
    def manifest(self) -> Manifest:
        """The pod as the API has it now."""

    def container(self, name: str) -> states.Container:
        """Give what is known about a container."""

    def change(self, name: str, **changes: Any) -> None:
        """Note and publish that a container changed."""

    def tell(self, reason: str, message: str, *, container: str, kind: str = "Normal") -> None:
        """Record an event."""

    async def dependency(self) -> None:
        """Wait until a ConfigMap or Secret of the namespace has changed."""


class ContainerRun:
    """Runs one container of a pod, again and again as its restart policy says."""

    def __init__(self, pod: Pod, spec: Mapping[str, Any], *, policy: str) -> None:
        self._pod = pod
        self._spec = spec
        self._policy = policy
        self._backoff = Backoff()
        self._process: Process | None = None
        self._questions = Questions(spec, pod.node.processes, pod.address)
        self._stopping = asyncio.Event()
        self._reason = ""
        self.name: str = spec["name"]
        self.log: logs.ContainerLog | None = None
        """The log of the latest run in this life of the cluster."""
        self.started = asyncio.Event()
        """The container runs, and its startup probe succeeded."""

    async def run(self) -> int:
        """Run the container until it is not to be started again, and give its last exit code."""
        code = self._state.exit_code
        if code is not None and not self._is_restarted(code):
            return code
        while not self._stopping.is_set():
            begun = asyncio.get_running_loop().time()
            code = await self._attempt()
            if self._stopping.is_set() or not self._is_restarted(code):
                return code
            await self._back_off(asyncio.get_running_loop().time() - begun)
        return _KILLED if code is None else code

    async def stop(self, grace_s: float) -> None:
        """Ask the container to end, and kill it when it has not within this time."""
        self._stopping.set()
        await self._end(grace_s, f"Stopping container {self.name}")

    def oom_kill(self) -> None:
        """Kill the container because it took more memory than it may."""
        if self._process is not None:
            self._reason = "OOMKilled"
            self._process.signal(signal.SIGKILL, group=True)

    @property
    def pid(self) -> int | None:
        """The first process, while the container runs."""
        return self._process.pid if self._process else None

    @property
    def memory_limit_bytes(self) -> int | None:
        """What the container may hold; None where it has no limit."""
        limit = ((self._spec.get("resources") or {}).get("limits") or {}).get("memory")
        return None if limit is None else int(quantities.parse(limit))

    @property
    def _state(self) -> states.Container:
        return self._pod.container(self.name)

    def _is_restarted(self, code: int) -> bool:
        return self._policy == "Always" or (self._policy == "OnFailure" and code != 0)

    async def _back_off(self, ran_s: float) -> None:
        wait_s = self._backoff.after(ran_s)
        if not wait_s:
            return
        pod = self._pod.manifest["metadata"]
        where = f"{pod['name']}_{pod['namespace']}({pod['uid']})"
        message = f"back-off {wait_s:.0f}s restarting failed container={self.name} pod={where}"
        state = states.waiting("CrashLoopBackOff", message)
        self._pod.change(self.name, state=state, last_state=self._state.state)
        told = f"Back-off restarting failed container {self.name} in pod {where}"
        self._pod.tell("BackOff", told, container=self.name, kind="Warning")
        await self._unless_stopped(asyncio.sleep(wait_s))

    async def _unless_stopped(self, waiting: Coroutine[Any, Any, None]) -> None:
        """Wait for this, or until the container is to end."""
        either = [asyncio.create_task(waiting), asyncio.create_task(self._stopping.wait())]
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in either:
                task.cancel()

    async def _attempt(self) -> int:
        """Start the container once and wait for its end."""
        command = await self._prepared()
        if command is None:
            return _KILLED
        known = self._state
        last = known.state if "terminated" in known.state else known.last_state
        number = known.restarts + 1 if last else known.restarts
        self.log = logs.ContainerLog(logs.log_path(self._pod.folder, self.name, number))
        logs.drop_older(self.log.path, number)
        output = self.log.open()
        begun = times.now()
        try:
            process = await self._pod.node.processes.spawn(
                command.argv, env=command.env, cwd=command.cwd, output=output
            )
        except SpawnError as error:
            return await self._not_started(error, number, last, begun)
        finally:
            for descriptor in output:
                os.close(descriptor)
        self._process, self._questions.command, self._reason = process, command, ""
        if self._stopping.is_set():  # while it was being started
            process.signal(signal.SIGKILL, group=True)
        return await self._run_to_end(process, number, last, begun)

    async def _prepared(self) -> commands.Command | None:
        """Give the command as soon as there is one: an image may be added, a Secret created."""
        while not self._stopping.is_set():
            try:
                return commands.prepare(
                    self._pod.node,
                    self._pod.manifest,
                    self._spec,
                    folder=self._pod.folder,
                    volumes=self._pod.volumes,
                    address=self._pod.address,
                )
            except ImageError as error:
                self._wait(images.REASON, str(error))
                await self._unless_stopped(asyncio.sleep(_IMAGE_LOOK_S))
            except ConfigError as error:
                self._wait("CreateContainerConfigError", str(error))
                await self._unless_stopped(self._pod.dependency())
        return None

    def _wait(self, reason: str, message: str) -> None:
        state = states.waiting(reason, message)
        if self._state.state == state:
            return
        last = self._state.state if "terminated" in self._state.state else self._state.last_state
        self._pod.change(self.name, state=state, last_state=last)
        self._pod.tell("Failed", f"Error: {message}", container=self.name, kind="Warning")

    async def _not_started(
        self, error: SpawnError, number: int, last: states.State, begun: datetime
    ) -> int:
        assert self.log is not None  # noqa: S101 - opened by the caller
        await self.log.close(timeout_s=_DRAIN_S)
        state = states.terminated(
            128,
            "StartError",
            started=begun,
            finished=times.now(),
            container_id="",
            message=f"failed to start container process: {error}",
        )
        self._pod.change(self.name, state=state, last_state=last, restarts=number, is_ready=False)
        self._pod.tell("Failed", f"Error: {error}", container=self.name, kind="Warning")
        return 128

    async def _run_to_end(
        self, process: Process, number: int, last: states.State, begun: datetime
    ) -> int:
        has_startup = "startupProbe" in self._spec
        self._pod.change(
            self.name,
            state=states.running(begun),
            last_state=last,
            restarts=number,
            container_id=f"process://{process.pid}",
            is_started=not has_startup,
            is_ready=not has_startup and "readinessProbe" not in self._spec,
        )
        self._pod.tell("Created", f"Created container: {self.name}", container=self.name)
        self._pod.tell("Started", f"Started container {self.name}", container=self.name)
        if not has_startup:
            self.started.set()
        watching = asyncio.create_task(self._watch())
        watching.add_done_callback(self._tell_failure)
        try:
            code = await asyncio.shield(process.exit)
        finally:
            watching.cancel()
            self._process = None
        await self._ended(process, code, begun)
        return code

    def _tell_failure(self, watching: "asyncio.Task[None]") -> None:
        """Probes must not end in silence: the container would never be ready or restarted."""
        if not watching.cancelled() and (error := watching.exception()):
            log.error("probing_failed", container=self.name, error=str(error), exc_info=error)

    async def _ended(self, process: Process, code: int, begun: datetime) -> None:
        assert self.log is not None  # noqa: S101 - opened before the start
        await self.log.close(timeout_s=_DRAIN_S)
        self.started.clear()
        state = states.terminated(
            code,
            self._reason or ("Completed" if code == 0 else "Error"),
            started=begun,
            finished=times.now(),
            container_id=f"process://{process.pid}",
            message=self._last_words(code),
        )
        self._pod.change(self.name, state=state, is_ready=False, is_started=False)

    def _last_words(self, code: int) -> str:
        file = commands.termination_file(self._pod.folder, self.name)
        text = file.read_bytes()[-_MESSAGE_BYTES:].decode(errors="replace") if file.exists() else ""
        file.unlink(missing_ok=True)
        policy = self._spec.get("terminationMessagePolicy")
        if text or code == 0 or policy != "FallbackToLogsOnError" or self.log is None:
            return text
        return logs.last_text(
            self.log.path, lines=_MESSAGE_LOG_LINES, size_bytes=_MESSAGE_LOG_BYTES
        )

    async def _watch(self) -> None:
        """Run the hook after the start, then the probes, for one run of the container."""
        hook = (self._spec.get("lifecycle") or {}).get("postStart")
        if hook:
            answer = await self._questions.carry_out(hook, self._grace_s)
            if not answer.is_success:
                told = f"PostStartHook failed: {answer.message}"
                self._pod.tell("FailedPostStartHook", told, container=self.name, kind="Warning")
                await self._end(self._grace_s, f"Container {self.name} failed its postStart hook")
                return
        if "startupProbe" in self._spec:
            await self._probe(probes.Kind.STARTUP)
            if not self._state.is_started:
                return
        kinds = (probes.Kind.READINESS, probes.Kind.LIVENESS)
        async with asyncio.TaskGroup() as group:
            for kind in kinds:
                if f"{kind}Probe" in self._spec:
                    group.create_task(self._probe(kind))

    async def _probe(self, kind: probes.Kind) -> None:
        probe = self._spec[f"{kind}Probe"]
        settings = probes.Settings.of(probe)
        verdicts = {
            probes.Kind.STARTUP: self._on_startup,
            probes.Kind.READINESS: self._on_readiness,
            probes.Kind.LIVENESS: self._on_liveness,
        }

        def on_answer(answer: probes.Answer) -> None:
            if not answer.is_success:
                told = f"{kind.capitalize()} probe failed: {answer.message}"
                self._pod.tell("Unhealthy", told, container=self.name, kind="Warning")

        await probes.watch(
            settings,
            lambda: self._questions.ask(probe, settings.timeout_s),
            on_answer=on_answer,
            on_verdict=verdicts[kind],
        )
        is_failed = kind is not probes.Kind.READINESS and not self._has_passed(kind)
        if is_failed:
            grace_s = probe.get("terminationGracePeriodSeconds", self._grace_s)
            told = f"Container {self.name} failed {kind} probe, will be restarted"
            await self._end(grace_s, told)

    def _has_passed(self, kind: probes.Kind) -> bool:
        return kind is probes.Kind.STARTUP and self._state.is_started

    def _on_startup(self, is_up: bool) -> bool:  # noqa: FBT001 - a verdict is a yes or a no
        if is_up:
            is_ready = "readinessProbe" not in self._spec
            self._pod.change(self.name, is_started=True, is_ready=is_ready)
            self.started.set()
        return True

    def _on_readiness(self, is_ready: bool) -> bool:  # noqa: FBT001 - as above
        if self._state.is_ready is not is_ready:
            self._pod.change(self.name, is_ready=is_ready)
        return False

    def _on_liveness(self, is_alive: bool) -> bool:  # noqa: FBT001 - as above
        return not is_alive

    async def _end(self, grace_s: float, told: str) -> None:
        process = self._process
        if process is None:
            return
        self._pod.tell("Killing", told, container=self.name)
        deadline = asyncio.get_running_loop().time() + grace_s
        lifecycle = self._spec.get("lifecycle") or {}
        try:
            async with asyncio.timeout_at(deadline):
                if "preStop" in lifecycle:
                    await self._questions.carry_out(lifecycle["preStop"], self._grace_s)
                number = getattr(signal, lifecycle.get("stopSignal") or "SIGTERM", signal.SIGTERM)
                process.signal(number)
                await asyncio.shield(process.exit)
        except TimeoutError:
            process.signal(signal.SIGKILL, group=True)
            await asyncio.shield(process.exit)

    @property
    def _grace_s(self) -> float:
        return float(self._pod.manifest["spec"].get("terminationGracePeriodSeconds", 30))
