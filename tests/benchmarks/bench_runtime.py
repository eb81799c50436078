"""Measures an agent's process: size, start, memory, concurrent turns, writes to its controller.

Run: `python tests/benchmarks/bench_runtime.py [--runs N] [--kagent VENV]`. With the path of a
virtual environment that has kagent-adk 0.10.4 (constraint `a2a-sdk<1`), the same is measured of it
in the same run. Bytecode is compiled by a first start of each, as an image would have it.

The stubs and this load generator share the machine with the agent, so what they take of the
processor is printed too: some 7 and 2 ms a turn, on the core that the agent, which has one thread,
leaves free. On a busy machine the processor time is worth more than the clock, and neither much.
"""

import argparse
import asyncio
import importlib.metadata
import json
import os
import platform
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from controller.definitions import agentconfig

ROOT = Path(__file__).parents[2]
STUBS = Path(__file__).with_name("runtime_stubs.py")
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
TURNS, IN_FLIGHT = 60, 20
TIMEOUT_S = 60.0


@dataclass
class Runtime:
    """A runtime and what was measured of it."""

    name: str
    command: Sequence[str]
    size_mb: float
    start_s: list[float] = field(default_factory=list)
    start_cpu_s: list[float] = field(default_factory=list)
    turn_cpu_ms: list[float] = field(default_factory=list)
    stubs_cpu_ms: list[float] = field(default_factory=list)
    load_cpu_ms: list[float] = field(default_factory=list)
    idle_mib: list[float] = field(default_factory=list)
    busy_mib: list[float] = field(default_factory=list)
    median_s: list[float] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)
    lost: int = 0
    writes: list[float] = field(default_factory=list)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--kagent", type=Path, help="virtual environment with kagent-adk 0.10.4")
    options = parser.parse_args()
    ours = Runtime("roster", [sys.executable, "-m", "controller.runtime"], own_size_mb())
    runtimes = [ours]
    if options.kagent:
        command = [str(options.kagent / "bin/kagent-adk"), "static"]
        runtimes.append(Runtime("kagent-adk", command, folder_mb(options.kagent / "lib")))
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with stubs() as (ports, stubs_pid):
        for run in range(options.runs + 1):
            for runtime in runtimes:
                measure(runtime, ports, stubs_pid, keep=run > 0)
    for runtime in runtimes:
        show(runtime)
    if len(runtimes) > 1:
        compare(*runtimes)


def measure(runtime: Runtime, ports: Sequence[int], stubs_pid: int, *, keep: bool) -> None:
    """Start a runtime once and put it through everything; the first time only warms up."""
    with tempfile.TemporaryDirectory() as folder:
        write_config(Path(folder), ports)
        started = time.perf_counter()
        with agent(runtime, Path(folder), ports[1]) as (url, pid):
            start_s, start_cpu_s = time.perf_counter() - started, cpu_s(pid)
            time.sleep(2)  # what it loads after it is ready belongs to its idle memory
            idle_mib = memory_mib(pid)
            writes = writes_of_long_turn(url, ports[1])
            asyncio.run(turns(url, 6, 2))
            processes = (pid, stubs_pid, os.getpid())
            started, before = time.perf_counter(), [cpu_s(each) for each in processes]
            taken = asyncio.run(turns(url, TURNS, IN_FLIGHT))
            all_s = time.perf_counter() - started
            spent = [cpu_s(each) - was for each, was in zip(processes, before, strict=True)]
            busy_mib = memory_mib(pid)
    if not keep:
        return
    runtime.start_s.append(start_s)
    runtime.start_cpu_s.append(start_cpu_s)
    by_process = (runtime.turn_cpu_ms, runtime.stubs_cpu_ms, runtime.load_cpu_ms)
    for kept, seconds in zip(by_process, spent, strict=True):
        kept.append(1000 * seconds / TURNS)
    runtime.idle_mib.append(idle_mib)
    runtime.busy_mib.append(busy_mib)
    runtime.writes.append(writes)
    runtime.median_s.append(statistics.median(taken))
    runtime.per_second.append(len(taken) / all_s)
    runtime.lost += TURNS - len(taken)


def write_config(folder: Path, ports: Sequence[int]) -> None:
    """Give an agent with one provider and three MCP servers."""
    model, _, *servers = ports
    config = agentconfig.AgentConfig(
        model=agentconfig.OpenAI(model="stub", base_url=f"http://127.0.0.1:{model}/v1"),
        description="helps",
        instruction="You help.",
        stream=True,
        http_tools=tuple(
            agentconfig.HttpMcpServer(
                params=agentconfig.HttpConnection(url=f"http://127.0.0.1:{port}/mcp"),
                tools=(f"tool_{number}",),
            )
            for number, port in enumerate(servers, start=1)
        ),
    )
    url = "http://127.0.0.1:8080"
    card = agentconfig.AgentCard(name="helper", description="helps", version="1", url=url)
    (folder / "config.json").write_text(config.dump())
    (folder / "agent-card.json").write_text(card.dump())


@contextmanager
def stubs() -> Iterator[tuple[list[int], int]]:
    """Run the model, the controller and the MCP servers; give their ports and their process."""
    process = subprocess.Popen(
        [sys.executable, str(STUBS)], cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline()), process.pid
    finally:
        process.kill()
        process.communicate()


@contextmanager
def agent(runtime: Runtime, folder: Path, controller: int) -> Iterator[tuple[str, int]]:
    """Run an agent; give its address and process id once it is healthy."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environment = {
        **ENVIRONMENT,
        "KAGENT_URL": f"http://127.0.0.1:{controller}",
        "KAGENT_NAME": "helper",
        "KAGENT_NAMESPACE": "agents",
        "OPENAI_API_KEY": "none",
    }
    arguments = ["--host", "127.0.0.1", "--port", str(port), "--filepath", str(folder)]
    process = subprocess.Popen(
        [*runtime.command, *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: is_healthy(url), process)
        yield url, process.pid
    finally:
        process.kill()
        process.wait()


def wait_until(condition: Callable[[], bool], process: "subprocess.Popen[Any]") -> None:
    """Wait for a condition, as long as a process lives."""
    deadline = time.perf_counter() + TIMEOUT_S
    while not condition():
        if process.poll() is not None or time.perf_counter() > deadline:
            raise RuntimeError(f"{process.args} did not become healthy")
        time.sleep(0.01)


def is_healthy(url: str) -> bool:
    """Say whether the agent answers."""
    try:
        return httpx.get(f"{url}/health", timeout=1, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


async def turns(url: str, number: int, in_flight: int) -> list[float]:
    """Take turns with a tool call each; give the seconds that each answered one took."""
    gate = asyncio.Semaphore(in_flight)
    taken: list[float] = []
    async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as http:

        async def take(place: int) -> None:
            async with gate:
                started = time.perf_counter()
                text = f"use tool_{place % 3 + 1}"
                try:
                    answer = await http.post(f"{url}/", json=message("message/send", text))
                except httpx.HTTPError:
                    return  # lost
                task = answer.json().get("result", {})
                if task.get("status", {}).get("state") == "completed":
                    taken.append(time.perf_counter() - started)

        await asyncio.gather(*map(take, range(number)))
    return taken


def writes_of_long_turn(url: str, controller: int) -> float:
    """Stream an answer of 400 tokens; give the number of requests that wrote to the controller."""
    counter = f"http://127.0.0.1:{controller}/writes"
    httpx.get(counter, trust_env=False)
    body = message("message/stream", "say 400 words")
    with httpx.stream("POST", f"{url}/", json=body, timeout=TIMEOUT_S, trust_env=False) as answer:
        last = [line for line in answer.iter_lines() if line.startswith("data:")][-1]
    if '"completed"' not in last:
        raise RuntimeError(f"the long turn ended with {last[:300]}")
    time.sleep(1)  # writes may follow the answer
    return float(httpx.get(counter, trust_env=False).json())


def message(method: str, text: str) -> dict[str, Any]:
    """A request of A2A 0.3, which both runtimes speak."""
    part = {"kind": "text", "text": text}
    inner = {"kind": "message", "role": "user", "messageId": uuid.uuid4().hex, "parts": [part]}
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"message": inner}}


def memory_mib(pid: int) -> float:
    """Give the resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def cpu_s(pid: int) -> float:
    """Give the processor time of a process: on a busy machine it says more than the clock."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def own_size_mb() -> float:
    """Give the size of what an agent's lock installs, without bytecode, in 1,000,000 bytes."""
    names = re.findall(
        r"^([\w.-]+)==", (ROOT / "requirements-agent.lock").read_text(), re.MULTILINE
    )
    total = 0
    for name in names:
        try:
            files = importlib.metadata.distribution(name).files or ()
        except importlib.metadata.PackageNotFoundError:
            continue  # for another platform
        paths = (Path(str(file.locate())) for file in files if file.suffix != ".pyc")
        total += sum(path.stat().st_size for path in paths if path.is_file())
    return total / 1e6


def folder_mb(folder: Path) -> float:
    """Give the size of a folder's files without bytecode, in 1,000,000 bytes."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return sum(path.stat().st_size for path in files) / 1e6


def show(runtime: Runtime) -> None:
    """Print what was measured of one runtime."""
    print(f"\n{runtime.name:<40} {'median':>9} {'min':>9} {'max':>9}   must")
    row("installed, without bytecode", "MB", [runtime.size_mb], "200 MB")
    row("start to ready", "s", runtime.start_s, "2 s")
    row("start to ready, processor time", "s", runtime.start_cpu_s, "")
    row("memory, idle", "MiB", runtime.idle_mib, "130 MiB")
    row("memory, after the turns", "MiB", runtime.busy_mib, "")
    row(f"turn, {TURNS} of them, {IN_FLIGHT} in flight", "s", runtime.median_s, "0.5 s")
    row("turn, processor time of the agent", "ms", runtime.turn_cpu_ms, "")
    row("turn, processor time of the stubs", "ms", runtime.stubs_cpu_ms, "")
    row("turn, processor time of the load", "ms", runtime.load_cpu_ms, "")
    row("turns per second", "", runtime.per_second, "")
    row("writes, streamed answer of 400 tokens", "", runtime.writes, "")
    row("turns lost", "", [float(runtime.lost)], "0")


def row(case: str, unit: str, numbers: Sequence[float], must: str) -> None:
    """Print one line of the table."""
    shown = [statistics.median(numbers), min(numbers), max(numbers)]
    cells = " ".join(f"{number:>9.2f}" for number in shown)
    print(f"{case + (f' ({unit})' if unit else ''):<40} {cells}   {must}")


def compare(ours: Runtime, theirs: Runtime) -> None:
    """Print how many times better ours is."""
    print(f"\n{'against ' + theirs.name:<40} {'times':>9}   must")
    median = statistics.median
    ratios = (
        ("start", median(theirs.start_s) / median(ours.start_s), "2.5"),
        ("memory, idle", median(theirs.idle_mib) / median(ours.idle_mib), "2"),
        ("installed size", theirs.size_mb / ours.size_mb, "5"),
        ("start, processor time", median(theirs.start_cpu_s) / median(ours.start_cpu_s), ""),
        ("turn, processor time", median(theirs.turn_cpu_ms) / median(ours.turn_cpu_ms), ""),
        ("turns per second", median(ours.per_second) / median(theirs.per_second), "1.6"),
        ("writes", median(theirs.writes) / max(median(ours.writes), 1), ""),
    )
    for case, ratio, must in ratios:
        print(f"{case:<40} {ratio:>9.2f}   {must}")


if __name__ == "__main__":
    main()
