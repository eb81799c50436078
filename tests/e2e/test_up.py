"""The first minutes of a new user: `roster up`, the examples, the first chat."""

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from a2a.client import ClientConfig, create_client
from a2a.types import Message, Part, Role, SendMessageRequest
from loopback import spare_port
from mcp import Client as MCPClient
from waiting import eventually
from world import run_cli

from controller.cluster.client import Client

pytestmark = pytest.mark.e2e
START_S = 180.0
"""A busy machine takes its time to start processes."""


class Up:
    """`roster up`, running."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "controller", "up", "--listen", f"127.0.0.1:{spare_port()}"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        for line in self.process.stdout or ():
            self.lines.append(line)
            if "Ctrl-C" in line:
                break
        found = re.search(r"Dashboard\s+(\S+)", "".join(self.lines))
        assert found, "".join(self.lines)
        self.url = found[1]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=120)
        return self.process.returncode

    def agents(self) -> list[dict[str, Any]]:
        return list(json.loads(self.cli("agent", "list", "-o", "json").stdout))

    def states(self) -> set[tuple[str, str]]:
        return {(each["sync"], each["health"]["status"]) for each in self.agents()}

    def cli(self, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        return run_cli(*arguments, "--server", self.url, cwd=self.folder, answer=answer)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    running = Up(tmp_path_factory.mktemp("up"))
    eventually(lambda: running.states() == {("Synced", "Healthy")}, timeout_s=START_S, what="all")
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.mark.timeout(600)
@pytest.mark.xdist_group("up")
class TestUp:
    def test_every_agent_becomes_synced_and_healthy(self, up: Up) -> None:
        assert len(up.agents()) >= 6
        assert up.states() == {("Synced", "Healthy")}

    def test_the_cluster_is_as_the_folder_says(self, up: Up) -> None:
        state = up.folder / ".roster"
        where = ("--kubeconfig", str(state / "cluster" / "kubeconfig"), "-n", "agents")

        done = run_cli("diff", "agents", "--application", "examples", *where, cwd=state / "agents")

        assert (done.returncode, done.stdout) == (0, ""), done.stderr

    def test_an_agent_asks_another_which_uses_a_tool(self, up: Up) -> None:
        done = up.cli("agent", "invoke", "front-desk", "What time is it in Tokyo?")

        assert done.returncode == 0, done.stderr
        assert "JST" in done.stdout

    def test_an_agent_without_our_runtime_answers(self, up: Up) -> None:
        assert "16.09" in up.cli("agent", "invoke", "unit-converter", "10 miles in km").stdout

    def test_a_tool_waits_for_a_yes(self, up: Up) -> None:
        up.cli("agent", "invoke", "note-keeper", "Save a note called todo: buy milk")
        question = 'Delete the note "todo"'

        waiting = up.cli("agent", "invoke", "note-keeper", question)
        refused = up.cli("agent", "chat", "note-keeper", answer=f"{question}\nn\nstill needed\n")
        kept = up.cli("agent", "invoke", "note-keeper", "List my notes")
        allowed = up.cli("agent", "chat", "note-keeper", answer=f"{question}\ny\n")
        gone = up.cli("agent", "invoke", "note-keeper", "List my notes")

        assert waiting.returncode == 1
        assert "delete_note" in waiting.stdout
        assert "Allow delete_note" in refused.stdout
        assert "todo" in kept.stdout
        assert "Allow delete_note" in allowed.stdout
        assert "todo" not in gone.stdout

    def test_what_was_said_outlives_the_agent_s_pod(self, up: Up) -> None:
        first = json.loads(
            up.cli("agent", "invoke", "calculator", "Calculate 6*7", "-o", "json").stdout
        )
        session = first["contextId"]
        eventually(lambda: len(_turns(up, session)) == 1, what="the turn stored")
        _kill_pods_of(up, "calculator")

        def again() -> bool:
            command = ("agent", "invoke", "calculator", "Calculate 7*7", "--context", session)
            return up.cli(*command).returncode == 0

        eventually(again, what="an answer of the new pod")
        eventually(lambda: len(_turns(up, session)) == 2, what="the second turn stored")
        turns = _turns(up, session)
        assert [turn["said"] for turn in turns] == ["Calculate 6*7", "Calculate 7*7"]
        # The model was told of the first turn, too.
        assert turns[1]["input_tokens"] > turns[0]["input_tokens"]
        assert all(len(turn["revision"]) == 40 for turn in turns)
        assert session in up.cli("session", "list", "--agent", "agents/calculator").stdout

    def test_the_tools_of_mcp_servers_are_known_and_can_be_called(self, up: Up) -> None:
        def ready() -> bool:
            servers = json.loads(up.cli("tool", "list", "-o", "json").stdout)
            return {server["status"] for server in servers} == {"Ready"}

        eventually(ready, what="every tool server asked")
        called = up.cli("tool", "call", "toolbox/calculate", "expression=6*7")

        assert called.stdout == "42\n"

    def test_a_coding_agent_invokes_an_agent_through_mcp(self, up: Up) -> None:
        async def invoke() -> Any:
            async with MCPClient(f"{up.url}/mcp") as client:
                arguments = {"agent": "front-desk", "task": "What time is it in Tokyo?"}
                return await client.call_tool("invoke_agent", arguments)

        answer = asyncio.run(invoke())

        assert answer.structured_content["state"] == "completed"
        assert "JST" in answer.structured_content["text"]

    def test_a_client_of_a2a_1_0_talks_through_the_gateway(self, up: Up) -> None:
        async def talk() -> Any:
            async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
                client = await create_client(
                    f"{up.url}/api/a2a/agents/unit-converter/",
                    ClientConfig(streaming=True, httpx_client=http),
                )
                message = Message(
                    role=Role.ROLE_USER, message_id="m1", parts=[Part(text="10 miles in km")]
                )
                request = SendMessageRequest(message=message)
                return [event async for event in client.send_message(request)]

        assert "16.09" in str(asyncio.run(talk()))

    def test_a_second_start_leaves_the_first_alone(self, up: Up) -> None:
        second = run_cli("up", "--listen", "127.0.0.1:0", cwd=up.folder)

        assert second.returncode == 1
        assert "in use" in second.stderr
        assert up.cli("agent", "invoke", "calculator", "Calculate 6*7").returncode == 0

    def test_a_commit_rolls_out(self, up: Up) -> None:
        repository = up.folder / ".roster/agents"
        file = repository / "agents/note-keeper.yaml"
        file.write_text(file.read_text().replace("tidy habits", "a warm tone"))
        commit = ["-c", "user.name=Ada", "-c", "user.email=a@b", "commit", "-qam", "Be warm"]
        subprocess.run(["git", "-C", repository, *commit], check=True)

        def history() -> list[dict[str, object]]:
            return list(json.loads(up.cli("app", "history", "examples", "-o", "json").stdout))

        eventually(lambda: history()[0]["message"] == "Be warm", what="the commit in history")
        assert history()[0]["author"] == "Ada"

    def test_ctrl_c_leaves_nothing_behind(self, tmp_path: Path) -> None:
        running = Up(tmp_path)

        code = running.stop()

        assert code == 0
        eventually(lambda: not _processes_below(tmp_path), what="everything gone")

    def test_nothing_outlives_a_power_cut(self, tmp_path: Path) -> None:
        running = Up(tmp_path)

        running.process.kill()
        running.process.communicate(timeout=120)

        eventually(lambda: not _processes_below(tmp_path), what="everything gone")


def _turns(up: Up, session: str) -> list[dict[str, Any]]:
    found = up.cli("session", "get", session, "-o", "json")
    return list(json.loads(found.stdout)["turns"]) if found.returncode == 0 else []


def _kill_pods_of(up: Up, agent: str) -> None:
    client = Client.from_kubeconfig(up.folder / ".roster/cluster/kubeconfig")
    pods = client.list("v1", "Pod", namespace="agents", label=f"kagent={agent}")
    assert pods
    for pod in pods:
        client.delete(pod, uid=pod["metadata"]["uid"])
    client.close()


def _processes_below(folder: Path) -> list[str]:
    """Give the command lines of processes that name the folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in command:
            found.append(command)
    return found
