"""An agent of the local cluster with a skill from a repository: fetched, opened, its script run."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from confined import CONFINED
from heldmodel import held_model
from loopback import spare_port
from waiting import eventually
from world import Cluster, Repository, Roster, local_cluster

from controller.a2a import conversation
from controller.a2a.turn import Turn, said, text_part

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600), pytest.mark.xdist_group("skills")]

NAMESPACE = "skilled"
START_S = 120.0
SKILL = "---\nname: invoice\ndescription: Adds up amounts.\n---\nRun scripts/total.py.\n"
SCRIPT = "import sys\nprint('total', sum(map(int, sys.argv[1:])))\n"
SETTINGS = """\
apiVersion: roster.dev/v1alpha1
kind: Settings
spec:
  controllerUrl: http://{listen}
"""
DEFINITIONS = """\
apiVersion: kagent.dev/v1alpha2
kind: ModelConfig
metadata:
  name: demo
spec:
  provider: OpenAI
  model: demo
  openAI:
    baseUrl: {model}
---
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata:
  name: bookkeeper
spec:
  skills:
    gitRefs:
      - url: file://{skills}
        ref: {commit}
        path: invoice
  declarative:
    modelConfig: demo
    systemMessage: You keep the books.
"""


@dataclass(frozen=True)
class Office:
    """A bookkeeper with a skill."""

    roster: Roster
    repository: Repository
    definitions: str
    commit: str

    def say(self, text: str) -> str:
        address = f"{self.roster.url}/api/a2a/{NAMESPACE}/bookkeeper/"
        body = conversation.request("message/send", said([text_part(text)]))
        answer = httpx.post(address, json=body, timeout=60, trust_env=False).json()
        assert "result" in answer, answer
        turn = Turn()
        turn.feed(answer["result"])
        return turn.text

    def health(self) -> str:
        """What is said of the bookkeeper's health."""
        path = f"{self.roster.url}/api/v1/applications/agents"
        found: dict[str, Any] = httpx.get(path, timeout=60, trust_env=False).json()
        return str([each.get("health") for each in found["status"]["resources"]])


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A local cluster: no other could reach a repository on this disk."""
    with local_cluster(tmp_path_factory.mktemp("cluster")) as found:
        yield found


@pytest.fixture(scope="module")
def office(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder: Path = tmp_path_factory.mktemp("office")
    listen = f"127.0.0.1:{spare_port()}"
    (folder / "roster.yaml").write_text(SETTINGS.format(listen=listen))
    skills = Repository.create(folder / "skills-repo")
    pinned = skills.commit({"invoice/SKILL.md": SKILL, "invoice/scripts/total.py": SCRIPT})
    skills.commit({"invoice/SKILL.md": SKILL.replace("Adds up", "Loses")})
    repository = Repository.create(folder / "agents-repo")
    roster = Roster.following(repository, NAMESPACE, folder=folder, cluster=cluster, listen=listen)
    with held_model() as model:
        text = DEFINITIONS.format(model=model.url, skills=skills.path, commit=pinned)
        revision = repository.commit({"agents/bookkeeper.yaml": text})
        roster.start()
        roster.wait_synced(revision, timeout_s=START_S)
        yield Office(roster, repository, text, pinned)
        roster.stop()


def test_the_skill_is_opened_at_its_commit(office: Office) -> None:
    answer = office.say("Open the skill invoice")

    assert SKILL.strip() in answer
    assert "skills/invoice/scripts/total.py" in answer


@CONFINED
def test_its_script_is_run(office: Office) -> None:
    # Words such as 'skills' would lead the scripted model to another tool.
    answer = office.say("Run the bash shell command 'python3 s*/*/s*/total.py 3 4'")

    assert "total 7" in answer


def test_a_commit_that_is_not_there_is_told_and_the_agent_goes_on(office: Office) -> None:
    wrong = office.definitions.replace(office.commit, "f" * 40)
    office.repository.commit({"agents/bookkeeper.yaml": wrong})

    eventually(
        lambda: "not our ref" in office.health(), timeout_s=START_S, what="the reason in its health"
    )
    assert SKILL.strip() in office.say("Open the skill invoice")
