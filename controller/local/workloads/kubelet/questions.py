"""What a running container is asked: by HTTP, by TCP, or by another command inside it."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Mapping
from typing import Any

from controller.local.workloads.images import ImageError
from controller.local.workloads.kubelet import commands, probes
from controller.local.workloads.kubelet.addresses import PodAddress
from controller.local.workloads.kubelet.processes import Process, Processes, SpawnError

_CAPTURED_BYTES = 10 * 1024


class Questions:
    """Asks one container what its probes and hooks want to know."""

    def __init__(self, spec: Mapping[str, Any], processes: Processes, address: PodAddress) -> None:
        self._spec = spec
        self._processes = processes
        self._address = address
        self.command: commands.Command | None = None
        """What runs in the container now; None before its first start."""

    async def ask(self, probe: Mapping[str, Any], timeout_s: float) -> probes.Answer:
        """Ask as a probe or hook says."""
        if "exec" in probe:
            return await self._execute(probe["exec"]["command"], timeout_s)
        if "httpGet" in probe:
            target = probe["httpGet"]
            host = target.get("host") or self._address.ip
            return await probes.ask_http(
                target, host, self._port(target["port"]), timeout_s=timeout_s
            )
        # gRPC health checking needs HTTP/2, so here it asks only whether the port is open.
        target = probe.get("tcpSocket") or probe["grpc"]
        host = target.get("host") or self._address.ip
        return await probes.ask_tcp(host, self._port(target["port"]), timeout_s=timeout_s)

    def _port(self, port: str | int) -> int:
        declared = self._spec.get("ports") or ()
        number = next((p["containerPort"] for p in declared if p.get("name") == port), port)
        return self._address.ports.get(int(number), int(number))

    async def _execute(self, argv: list[str], timeout_s: float) -> probes.Answer:
        """Run another command in the container, as probes and hooks do."""
        command = self.command
        if command is None:
            return probes.Answer(is_success=False, message="the container does not run")
        with tempfile.TemporaryFile() as captured:
            output = (captured.fileno(), captured.fileno())
            try:
                process = await self._processes.spawn(
                    command.other(argv), env=command.env, cwd=command.cwd, output=output
                )
            except (SpawnError, ImageError) as error:
                return probes.Answer(is_success=False, message=str(error))
            return await _answered(process, captured.fileno(), argv, timeout_s)

    async def carry_out(self, hook: Mapping[str, Any], timeout_s: float) -> probes.Answer:
        """Carry out a hook of the container's lifecycle."""
        if "sleep" in hook:
            await asyncio.sleep(hook["sleep"]["seconds"])
            return probes.Answer(is_success=True)
        return await self.ask(hook, timeout_s)


async def _answered(
    process: Process, captured: int, argv: list[str], timeout_s: float
) -> probes.Answer:
    try:
        async with asyncio.timeout(timeout_s):
            code = await asyncio.shield(process.exit)
    except TimeoutError:
        process.signal(signal.SIGKILL, group=True)
        told = f'command "{" ".join(argv)}" timed out after {timeout_s:g}s'
        return probes.Answer(is_success=False, message=told)
    output = os.pread(captured, _CAPTURED_BYTES, 0).decode(errors="replace")
    return probes.Answer(is_success=code == 0, message=output)
