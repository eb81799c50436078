"""Skills in a conversation: what the model is told, when, and what its calls do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from confined import CONFINED
from mcp.server import MCPServer

from controller.definitions import agentconfig

TEXT = """---
name: invoice
description: Adds up invoices & more
---
Run scripts/total.py with the amounts. The tax is in tax.md.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    skill = tmp_path / "skills" / "invoice"
    (skill / "scripts").mkdir(parents=True)
    (skill / "SKILL.md").write_text(TEXT)
    (skill / "tax.md").write_text("19 percent\n")
    (skill / "scripts" / "total.py").write_text("import sys\nprint(sum(map(int, sys.argv[1:])))\n")
    (tmp_path / "skills" / "broken").mkdir()
    return tmp_path / "skills"


@pytest.fixture
def agent(start: Callable[..., Any], scripted: Any, folder: Path) -> Callable[..., Any]:
    def started(**environment: str) -> Any:
        return start(
            environment={"KAGENT_SKILLS_FOLDER": str(folder), **environment},
            model=agentconfig.OpenAI(model="scripted", base_url=scripted.url),
            stream=False,
        )

    return started


def answers(scripted: Any) -> list[str]:
    """What the tools answered, as the model got it."""
    messages = scripted.requests[-1]["messages"]
    return [message["content"] for message in messages if message["role"] == "tool"]


def offered(scripted: Any) -> dict[str, str]:
    tools = scripted.requests[0]["tools"]
    return {tool["function"]["name"]: tool["function"]["description"] for tool in tools}


def test_the_model_is_told_names_and_descriptions_only(
    agent: Callable[..., Any], scripted: Any
) -> None:
    agent().send("hello")

    description = offered(scripted)["skills"]
    assert "<name>invoice</name>\n<description>Adds up invoices &amp; more" in description
    assert "broken" not in description
    assert "total.py" not in json.dumps(scripted.requests[0])


def test_a_skill_is_opened_and_its_files_are_read(agent: Callable[..., Any], scripted: Any) -> None:
    scripted.replies = [
        ("skills", {"command": "invoice"}),
        ("read_file", {"file_path": "skills/invoice/tax.md"}),
        "done",
    ]

    agent().send("add up")

    opened, read = answers(scripted)
    assert opened == (
        f"{TEXT.rstrip()}\n\nFiles of this skill:"
        "\n- skills/invoice/scripts/total.py\n- skills/invoice/tax.md"
    )
    assert read == "     1|19 percent"


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        pytest.param("skills", {"command": "none"}, "there are: invoice", id="unknown"),
        pytest.param("skills", {}, "`command` is missing", id="no name"),
        pytest.param("read_file", {"file_path": "/etc/passwd"}, "cannot be named", id="outside"),
        pytest.param("read_file", {"file_path": "skills/invoice/no"}, "No such file", id="missing"),
        pytest.param("read_file", {"file_path": "a\0b"}, "the name of a file", id="no name"),
    ],
)
def test_what_goes_wrong_is_told_to_the_model(
    agent: Callable[..., Any], scripted: Any, tool: str, arguments: dict[str, str], said: str
) -> None:
    scripted.replies = [(tool, arguments), "I see"]

    task = agent().send("try")

    assert task["status"]["state"] == "completed"
    assert said in answers(scripted)[0]


@CONFINED
def test_commands_and_files_share_the_conversations_folder(
    agent: Callable[..., Any], scripted: Any
) -> None:
    scripted.replies = [
        ("write_file", {"file_path": "in.txt", "content": "3 4"}),
        ("edit_file", {"file_path": "in.txt", "old_string": "4", "new_string": "5"}),
        ("bash", {"command": "python3 skills/invoice/scripts/total.py $(cat in.txt)"}),
        "done",
        ("read_file", {"file_path": "in.txt"}),
        "still there",
        ("read_file", {"file_path": "in.txt"}),
        "not mine",
    ]
    running = agent()

    context = running.send("add up")["contextId"]
    assert answers(scripted)[-1] == "8"
    running.send("again", context=context)
    assert answers(scripted)[-1] == "     1|3 5"
    running.send("another conversation")
    assert "No such file" in answers(scripted)[-1]


@CONFINED
def test_a_command_that_fails_is_told_with_what_it_said(
    agent: Callable[..., Any], scripted: Any
) -> None:
    scripted.replies = [("bash", {"command": "echo so far; echo why >&2; exit 3"}), "I see"]

    agent().send("try")

    told = json.loads(answers(scripted)[0])["error"]
    assert told == "Command failed with exit code 3:\nso far\nwhy"


@CONFINED
def test_a_person_may_have_to_approve_each_command(
    agent: Callable[..., Any], scripted: Any
) -> None:
    scripted.replies = [("bash", {"command": "echo ran"}), "done"]
    running = agent(ROSTER_SKILL_COMMANDS="approval")

    asked = running.send("run it")
    assert asked["status"]["state"] == "input-required"
    done = running.send({"decision_type": "approve"}, context=asked["contextId"], task=asked["id"])

    assert done["status"]["state"] == "completed"
    assert answers(scripted)[0] == "ran"


def test_commands_that_are_forbidden_are_not_offered(
    agent: Callable[..., Any], scripted: Any
) -> None:
    agent(ROSTER_SKILL_COMMANDS="disabled").send("hello")

    assert set(offered(scripted)) == {"ask_user", "skills", "read_file"}
    assert "cannot be run here" in offered(scripted)["skills"]


def test_a_tool_server_with_a_tool_of_the_same_name_goes_first(
    start: Callable[..., Any],
    serve: Callable[..., str],
    mcp: Callable[..., Any],
    scripted: Any,
    folder: Path,
) -> None:
    server = MCPServer("files", log_level="WARNING")

    @server.tool(structured_output=False)
    def read_file(file_path: str) -> str:
        """Reads a file of the server."""
        return f"{file_path} of the server"

    url = serve(lambda _: server.streamable_http_app(host="0.0.0.0"))
    agent = start(
        environment={"KAGENT_SKILLS_FOLDER": str(folder)},
        model=agentconfig.OpenAI(model="scripted", base_url=scripted.url),
        http_tools=mcp(f"{url}/mcp"),
        stream=False,
    )
    scripted.replies = [("read_file", {"file_path": "a"}), "done"]

    task = agent.send("read")

    assert task["status"]["state"] == "completed"
    assert answers(scripted) == ["a of the server"]
    assert "skills" in offered(scripted)


def test_readiness_says_what_there_is_and_what_cannot_be_used(agent: Callable[..., Any]) -> None:
    ready = httpx.get(f"{agent(ROSTER_SKILL_COMMANDS='disabled').url}/ready").json()

    assert ready["skills"] == {
        "available": ["invoice"],
        "unusable": {"broken": "SKILL.md cannot be read: No such file or directory"},
        "commands": "disabled",
    }
