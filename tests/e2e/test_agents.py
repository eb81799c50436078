"""Agents at work while a task is cancelled, the controller dies, or a tool server is away.

One local cluster, one controller and one agent serve all tests of the module. The agent's model is
held in the middle of its answer, so that nothing here depends on how fast anything is.
"""

import json
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from heldmodel import HeldModel, held_model
from loopback import spare_port
from waiting import eventually
from world import Cluster, Repository, Roster, local_cluster

from controller.a2a import conversation
from controller.a2a.turn import Turn, said, text_part
from controller.errors import PermanentError

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600), pytest.mark.xdist_group("agents")]

NAMESPACE = "at-work"
START_S = 120.0
"""A busy machine takes its time to start processes."""
LAST = 200
TOOLBOX = "app.kubernetes.io/name=toolbox"
COUNTED = " ".join(map(str, range(1, LAST + 1)))
TOOLS = Path(__file__).parents[2] / "examples-repo/agents/tools/toolbox.yaml"

MODEL = """\
apiVersion: kagent.dev/v1alpha2
kind: ModelConfig
metadata:
  name: held
spec:
  provider: OpenAI
  model: demo
  openAI:
    baseUrl: {url}
"""
AGENT = """\
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata:
  name: clerk
spec:
  type: Declarative
  description: Counts, and keeps notes.
  declarative:
    modelConfig: held
    stream: true
    systemMessage: You are a clerk.
    tools:
      - type: McpServer
        mcpServer:
          apiGroup: kagent.dev
          kind: MCPServer
          name: toolbox
          toolNames: [save_note, list_notes]
"""
SETTINGS = """\
apiVersion: roster.dev/v1alpha1
kind: Settings
spec:
  controllerUrl: http://{listen}
"""


@dataclass(frozen=True)
class Office:
    """A clerk at work, and all that he works with."""

    roster: Roster
    repository: Repository
    model: HeldModel
    headers: dict[str, str] = field(default_factory=dict)
    """Of requests to the clerk."""

    @property
    def address(self) -> str:
        """The clerk's, at the gateway."""
        return f"{self.roster.url}/api/a2a/{NAMESPACE}/clerk/"

    def ask(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        body = conversation.request(method, params)
        answer = self._post(body).json()
        assert "result" in answer, answer
        return dict(answer["result"])

    def refusal(self, method: str, params: Mapping[str, Any]) -> int:
        """Ask what is refused, and give the HTTP status."""
        return self._post(conversation.request(method, params)).status_code

    def _post(self, body: Mapping[str, Any]) -> httpx.Response:
        return httpx.post(
            self.address, json=body, headers=self.headers, timeout=60, trust_env=False
        )

    @contextmanager
    def shown(self, token: str) -> Iterator[None]:
        """Ask as somebody who has a link."""
        self.headers["X-Share-Token"] = token
        try:
            yield
        finally:
            del self.headers["X-Share-Token"]

    def share(self, session: str, *, read_only: bool) -> str:
        """Make a link to a session, and give its token."""
        body = {"read_only": read_only}
        answer = httpx.post(self._shares(session), json=body, timeout=60, trust_env=False)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["data"]["token"])

    def unshare(self, session: str, token: str) -> None:
        answer = httpx.delete(f"{self._shares(session)}/{token}", timeout=60, trust_env=False)
        assert answer.is_success, answer.text

    def _shares(self, session: str) -> str:
        return f"{self.roster.url}/api/sessions/{session}/shares"

    def say(self, text: str, context: str = "") -> Turn:
        """Say something, and wait for what comes of it."""
        turn = Turn()
        turn.feed(self.ask("message/send", said([text_part(text)], context_id=context)))
        return turn

    @contextmanager
    def stream(self, method: str, params: Mapping[str, Any]) -> Iterator[Iterator[Any]]:
        """Give the events of an answer as they come."""
        body = conversation.request(method, params)
        with httpx.stream("POST", self.address, json=body, timeout=60, trust_env=False) as answer:
            assert conversation.is_stream(answer), answer.read()
            yield (found for line in answer.iter_lines() for found in conversation.results(line))

    def stored(self, task: str) -> dict[str, Any]:
        """Give a task as the controller keeps it."""
        answer = httpx.get(f"{self.roster.url}/api/tasks/{task}", timeout=60, trust_env=False)
        return dict(answer.json()["data"]) if answer.is_success else {}

    def turns(self, session: str) -> list[dict[str, Any]]:
        """Give what the controller keeps of a session."""
        found = self.roster.cli("session", "get", session, "-o", "json")
        return list(json.loads(found.stdout)["turns"]) if found.returncode == 0 else []

    def pods(self, label: str) -> list[dict[str, Any]]:
        path = f"/api/v1/namespaces/{NAMESPACE}/pods?labelSelector={label}"
        return list((self.roster.cluster.get(path) or {})["items"])

    def delete_pod(self, name: str) -> None:
        """Delete a pod and kill what runs in it."""
        path = f"/api/v1/namespaces/{NAMESPACE}/pods/{name}"
        killed = self.roster.cluster.client.delete(path, params={"gracePeriodSeconds": 0})
        assert killed.is_success, killed.text

    def wait_reachable(self) -> None:
        """Wait until the gateway leads to the clerk."""
        eventually(self._has_card, timeout_s=START_S, what="the clerk's card")

    def _has_card(self) -> bool:
        card = httpx.get(f"{self.address}.well-known/agent-card.json", trust_env=False, timeout=60)
        return card.is_success


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A local cluster: whatever another runs could not reach a model on loopback."""
    with local_cluster(tmp_path_factory.mktemp("cluster")) as found:
        yield found


@pytest.fixture(scope="module")
def office(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    # The controller has to come back where its agents look for it.
    listen = f"127.0.0.1:{spare_port()}"
    (folder / "roster.yaml").write_text(SETTINGS.format(listen=listen))
    repository = Repository.create(folder / "agents-repo")
    roster = Roster.following(repository, NAMESPACE, folder=folder, cluster=cluster, listen=listen)
    with held_model() as model:
        revision = repository.commit(
            {
                "agents/model.yaml": MODEL.format(url=model.url),
                "agents/clerk.yaml": AGENT,
                "agents/toolbox.yaml": TOOLS.read_text(),
            }
        )
        roster.start()
        roster.wait_synced(revision, timeout_s=START_S)
        yield Office(roster, repository, model)
        roster.stop()


def _begun(events: Iterator[Any]) -> Turn:
    """Read until the answer has begun."""
    turn = Turn()
    for event in events:
        turn.feed(event)
        if turn.text:
            return turn
    raise AssertionError(f"the stream ended in state {turn.state!r} before anything was said")


def _count(context: str = "") -> dict[str, Any]:
    return said([text_part(f"Count to {LAST}")], context_id=context)


def test_a_cancelled_task_stops(office: Office) -> None:
    with office.model.held(), office.stream("message/stream", _count()) as events:
        turn = _begun(events)

        cancelled = office.ask("tasks/cancel", {"id": turn.task_id})
        for event in events:
            turn.feed(event)

        assert cancelled["status"]["state"] == "canceled"
        assert turn.state == "canceled"
        assert office.model.abandoned.wait(60), "the model is still asked for the rest"
    assert office.ask("tasks/get", {"id": turn.task_id})["status"]["state"] == "canceled"

    def at_the_controller() -> str:
        return str(office.stored(turn.task_id).get("status", {}).get("state"))

    eventually(lambda: at_the_controller() == "canceled", what="the task's end stored")
    assert str(LAST) not in json.dumps(office.stored(turn.task_id)["artifacts"])


def test_a_conversation_goes_on_after_a_cancelled_task(office: Office) -> None:
    with office.model.held(), office.stream("message/stream", _count()) as events:
        turn = _begun(events)
        office.ask("tasks/cancel", {"id": turn.task_id})

    after = office.say("Count to 3", turn.context_id)

    assert (after.state, after.text) == ("completed", "1 2 3")

    def kept() -> list[tuple[str, str]]:
        return [
            (found["said"], "".join(step["text"] for step in found["steps"]))
            for found in office.turns(turn.context_id)
        ]

    eventually(lambda: kept()[1:] == [("Count to 3", "1 2 3")], what="the second turn stored")
    question, answer = kept()[0]
    assert question == f"Count to {LAST}"
    assert answer.startswith(turn.text)
    assert answer in COUNTED


def test_a_client_resubscribes_after_the_controller_died(office: Office) -> None:
    with office.model.held():
        with office.stream("message/stream", _count()) as events:
            turn = _begun(events)
            office.roster.crash()
            with pytest.raises(httpx.TransportError):
                list(events)
        office.roster.wait_dead()
        office.roster.start()
        office.wait_reachable()

        with office.stream("tasks/resubscribe", {"id": turn.task_id}) as events:
            again = _begun(events)
            assert COUNTED.startswith(again.text)
            assert again.text != COUNTED
            office.model.release()
            for event in events:
                again.feed(event)

    assert (again.state, again.text) == ("completed", COUNTED)
    _assert_kept(office, turn)


def test_an_answer_ends_while_the_controller_is_away(office: Office) -> None:
    with office.model.held(), office.stream("message/stream", _count()) as events:
        turn = _begun(events)
        office.roster.kill()
        office.model.release()
        assert office.model.answered.wait(60)
    office.roster.start()
    office.wait_reachable()

    def ended() -> bool:
        after = Turn()
        after.feed(office.ask("tasks/get", {"id": turn.task_id}))
        return (after.state, after.text) == ("completed", COUNTED)

    eventually(ended, what="the whole answer")
    _assert_kept(office, turn)


def _assert_kept(office: Office, turn: Turn) -> None:
    """Assert that the controller has the whole answer, in the task and in the session."""

    def task() -> bool:
        found = Turn()
        found.feed({**office.stored(turn.task_id), "kind": "task"})
        return (found.state, found.text) == ("completed", COUNTED)

    def session() -> bool:
        turns = office.turns(turn.context_id)
        steps = [step["text"] for found in turns for step in found["steps"]]
        return steps == [COUNTED]

    # The agent tries again after half a minute at the latest.
    eventually(task, timeout_s=90, what="the whole task at the controller")
    eventually(session, timeout_s=90, what="the whole answer in the session")


def test_a_task_whose_process_was_killed_fails_and_the_conversation_goes_on(
    office: Office,
) -> None:
    waiting = office.say("ask me which database we use")
    assert waiting.state == "input-required"
    with office.model.held(), office.stream("message/stream", _count()) as events:
        turn = _begun(events)
        eventually(lambda: office.stored(turn.task_id), what="the task stored")
        os.kill(_process(office), signal.SIGKILL)
        _read_to_the_end(events)

        ended = eventually(lambda: _failed(office, turn.task_id), what="the task's ending")

    assert "ended in the middle of this task" in ended
    office.wait_reachable()
    told = office.ask("tasks/get", {"id": turn.task_id})
    assert told["status"]["state"] == "failed"
    assert office.stored(waiting.task_id)["status"]["state"] == "input-required"
    after = office.say("Count to 3", turn.context_id)
    assert (after.state, after.text) == ("completed", "1 2 3")


def test_a_task_whose_pod_was_deleted_fails(office: Office) -> None:
    with office.model.held(), office.stream("message/stream", _count()) as events:
        turn = _begun(events)
        eventually(lambda: office.stored(turn.task_id), what="the task stored")
        for pod in office.pods("kagent=clerk"):
            office.delete_pod(pod["metadata"]["name"])

        ended = eventually(lambda: _failed(office, turn.task_id), what="the task's ending")

    assert "pod was deleted" in ended
    office.wait_reachable()
    assert office.say("Count to 3", turn.context_id).text == "1 2 3"


def _process(office: Office) -> int:
    """Give the process of the clerk's pod, which the local cluster runs on this machine."""
    (pod,) = office.pods("kagent=clerk")
    named = f"HOSTNAME={pod['metadata']['name']}".encode()
    found = [
        int(folder.name)
        for folder in Path("/proc").iterdir()
        if folder.name.isdecimal()
        and named in _content(folder / "environ").split(b"\0")
        and b"--filepath" in _content(folder / "cmdline")
    ]
    assert found, f"no process has {named!r}"
    return max(found)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _read_to_the_end(events: Iterator[Any]) -> None:
    """Read what comes of a stream that breaks off, however it does."""
    with suppress(httpx.TransportError, PermanentError):
        list(events)


def _failed(office: Office, task: str) -> str:
    """Give why the controller says that a task failed; empty while it does not."""
    status = office.stored(task).get("status", {})
    is_failed = status.get("state") == "failed"
    return str(status["message"]["parts"][0]["text"]) if is_failed else ""


def test_whoever_has_a_link_goes_on_with_the_conversation_and_reaches_no_other(
    office: Office,
) -> None:
    hers, other = office.say("Count to 3"), office.say("Count to 4")
    eventually(lambda: len(office.turns(hers.context_id)) == 1, what="her turn stored")
    token = office.share(hers.context_id, read_only=False)
    looking = office.share(hers.context_id, read_only=True)

    with office.shown(token):
        after = office.say("Count to 5", hers.context_id)
        assert (after.state, after.text) == ("completed", "1 2 3 4 5")
        assert office.refusal("message/send", _count(other.context_id)) == 403
        assert office.refusal("message/send", _count()) == 403
        assert office.refusal("tasks/get", {"id": other.task_id}) == 403
    with office.shown(looking):
        assert office.ask("tasks/get", {"id": hers.task_id})["status"]["state"] == "completed"
        assert office.refusal("message/send", _count(hers.context_id)) == 403
    office.unshare(hers.context_id, token)
    with office.shown(token):
        assert office.refusal("tasks/get", {"id": hers.task_id}) == 403

    eventually(
        lambda: (
            [turn["said"] for turn in office.turns(hers.context_id)] == ["Count to 3", "Count to 5"]
        ),
        what="both turns in one session",
    )


def test_a_tool_server_is_away_and_comes_back(office: Office) -> None:
    """The agent says so meanwhile, and needs no restart afterwards."""
    context = office.say("Save a note called todo: buy milk").context_id
    before = _lives(office.pods("kagent=clerk"))

    _run_toolbox(office, pods=0)
    away = office.say("List my notes", context)
    _run_toolbox(office, pods=1)
    back = office.say("Save a note called later: buy bread", context)

    assert away.state == "completed"
    assert "The tool server is not available" in away.text
    assert back.state == "completed"
    assert back.text.startswith("save note: Saved")
    assert _lives(office.pods("kagent=clerk")) == before


def test_a_killed_tool_server_is_replaced(office: Office) -> None:
    before = _lives(office.pods("kagent=clerk"))
    office.say("Save a note called todo: buy milk")
    for pod in office.pods(TOOLBOX):
        office.delete_pod(pod["metadata"]["name"])

    def has_forgotten() -> bool:
        # The server keeps its notes in memory.
        return office.say("List my notes").text == "list notes: none"

    eventually(has_forgotten, timeout_s=START_S, what="a tool server without notes")

    assert _lives(office.pods("kagent=clerk")) == before


def _run_toolbox(office: Office, *, pods: int) -> None:
    """Let so many pods of the tool server run."""
    text = TOOLS.read_text().replace("  deployment:\n", f"  deployment:\n    replicas: {pods}\n")
    revision = office.repository.commit({"agents/toolbox.yaml": text}, f"Run {pods}")
    office.roster.wait_synced(revision, timeout_s=START_S)
    eventually(
        lambda: len(office.pods(TOOLBOX)) == pods,
        what=f"{pods} pods of the tool server",
    )


def _lives(pods: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """Give which pods there are, and how often each was restarted."""
    return [
        (pod["metadata"]["uid"], status["restartCount"])
        for pod in pods
        for status in pod["status"]["containerStatuses"]
    ]
