"""The command: what it says about a bad configuration, and how it starts and stops."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from loopback import spare_port
from waiting import eventually

from controller.definitions import agentconfig
from controller.runtime.demo import agent as demo_agent
from controller.runtime.demo import model, tools

ROOT = Path(__file__).parents[3]


def write(folder: Path, model_url: str, **fields: Any) -> None:
    config = agentconfig.AgentConfig(
        model=agentconfig.OpenAI(model="demo", base_url=model_url),
        description="helps",
        instruction="You help.",
        stream=True,
        **fields,
    )
    card = agentconfig.AgentCard(
        name="helper", description="helps", url="http://helper.agents:8080"
    )
    (folder / "config.json").write_text(config.dump())
    (folder / "agent-card.json").write_text(card.dump())


def command(folder: Path, port: int) -> list[str]:
    module = [sys.executable, "-m", "controller.runtime"]
    return [*module, "--host", "127.0.0.1", "--port", str(port), "--filepath", str(folder)]


def outcome(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(folder, 0),
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_missing_files_are_named(tmp_path: Path) -> None:
    ended = outcome(tmp_path)

    assert ended.returncode == 1
    assert f"{tmp_path}/config.json does not exist." in ended.stderr
    assert "--filepath" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_header_without_its_variable_is_named(tmp_path: Path) -> None:
    value = agentconfig.environment_reference("MISSING_TOKEN")
    connection = agentconfig.HttpConnection(url="http://t/mcp", headers={"Authorization": value})
    write(tmp_path, "http://m/v1", http_tools=(agentconfig.HttpMcpServer(params=connection),))

    ended = outcome(tmp_path)

    assert ended.returncode == 1
    assert "Authorization of MCP server http://t/mcp" in ended.stderr
    assert "MISSING_TOKEN" in ended.stderr


@contextmanager
def agent(folder: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    port = spare_port()
    env = {**os.environ, **environment}
    with subprocess.Popen(
        command(folder, port), cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True
    ) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            eventually(lambda: process.poll() is not None or answers(url))
            assert process.poll() is None
            yield process, url
        finally:
            process.kill()


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=1).status_code == 200
    except httpx.TransportError:
        return False


def test_sigterm_lets_a_stream_finish(tmp_path: Path, slow_model_url: str, to_message: Any) -> None:
    write(tmp_path, slow_model_url)
    with agent(tmp_path) as (process, url):
        body = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "message/stream",
            "params": to_message("count to 20"),
        }
        with httpx.stream("POST", f"{url}/", json=body, timeout=60) as stream:
            lines = stream.iter_lines()
            next(line for line in lines if "artifact-update" in line)

            process.send_signal(signal.SIGTERM)
            rest = list(lines)

        assert any('"state":"completed"' in line for line in rest)
        assert process.wait(60) in (0, -signal.SIGTERM)
        assert process.stderr is not None
        logged = [json.loads(line) for line in process.stderr.read().splitlines()]
        assert [line["event"] for line in logged] == ["agent_started", "turn_finished"]
        assert logged[0]["agent"] == "helper"


def test_help_is_quick_and_complete() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "controller.runtime", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert "--filepath" in shown.stdout


@pytest.fixture
def forward_proxy(serve: Any) -> str:
    """Answers for every host name: the demo model, tools and agent, told apart by path."""
    behind = {"/v1": model.create(token_delay_s=0), "/mcp": tools.create()}
    converter = demo_agent.create("http://unit-converter.agents:8080")

    async def proxy(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await behind["/mcp"](scope, receive, send)
            return
        # A proxy is asked with the whole URL where a server is asked with the path.
        path = urlsplit(scope["path"]).path
        match = next((app for prefix, app in behind.items() if path.startswith(prefix)), converter)
        await match({**scope, "path": path, "raw_path": path.encode()}, receive, send)

    return str(serve(lambda _: proxy))


@pytest.mark.parametrize(
    ("question", "answer"),
    [("calculate 6*7", "calculate: 42"), ("ask the unit converter 10 miles in km", "16.0934 km")],
    ids=["model and tools", "model and colleague"],
)
def test_service_names_are_reached_through_the_environments_proxy(
    tmp_path: Path, forward_proxy: str, to_message: Any, question: str, answer: str
) -> None:
    """The local cluster has no DNS: its pods find each other by HTTP_PROXY."""
    connection = agentconfig.HttpConnection(url="http://toolbox.agents:3000/mcp")
    colleague = agentconfig.RemoteAgent(
        name="agents__NS__unit_converter", url="http://unit-converter.agents:8080"
    )
    write(
        tmp_path,
        "http://demo-model.agents:8000/v1",
        http_tools=(agentconfig.HttpMcpServer(params=connection),),
        remote_agents=(colleague,),
    )
    proxies = {"HTTP_PROXY": forward_proxy, "http_proxy": forward_proxy}

    with agent(tmp_path, **proxies, NO_PROXY="127.0.0.1", no_proxy="127.0.0.1") as (_, url):
        body = {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": to_message(question)}
        task = httpx.post(f"{url}/", json=body, timeout=60).json()["result"]

    assert task["status"]["state"] == "completed", task["status"]
    assert answer in task["artifacts"][0]["parts"][0]["text"]


_ONLY_THE_LOCK = """
import importlib.metadata, re, sys
locked = set(re.findall(r"^([\\w.-]+)==", open("requirements-agent.lock").read(), re.MULTILINE))
names = {re.sub(r"[-_.]+", "-", name).lower() for name in locked} | {"roster"}
elsewhere = {
    module
    for module, owners in importlib.metadata.packages_distributions().items()
    if not any(re.sub(r"[-_.]+", "-", owner).lower() in names for owner in owners)
}

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in elsewhere:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
"""


def test_an_agents_lock_is_all_that_an_agent_needs() -> None:
    """An image of half the size runs agents: nothing of the controller's may creep in."""
    modules = ["application", "mcptools", "memory", "bridge", "demo.model", "demo.tools"]
    modules += [f"models.{name}" for name in ("anthropic", "azure", "bedrock", "google", "ollama")]
    code = _ONLY_THE_LOCK + "\n".join(f"import controller.runtime.{name}" for name in modules)

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
