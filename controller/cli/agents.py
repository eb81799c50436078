"""Verbs about agents: which there are, what they say of themselves, and talking to them."""

import json
import sys
import uuid
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli import complete
from controller.cli.api import connect, get, items, post
from controller.cli.options import Output, Server
from controller.cli.output import Format, console, print_data, print_table
from controller.errors import PermanentError, UsageError

if TYPE_CHECKING:
    import httpx

app = typer.Typer(help="Agents: list them, and talk to them.")
Name = Annotated[
    str,
    typer.Argument(help="Name of the agent, or namespace/name.", autocompletion=complete.agents),
]

_TIMEOUT_S = 300.0
"""An agent may use several tools, and ask other agents, before it answers."""
_WAITING = "input-required"


@app.command("list")
def listevery(server: Server = None, output: Output = Format.TABLE) -> None:
    """List the agents of all applications.

    Example: roster agent list
    """
    with connect(server) as api:
        agents = list(every(api))
    if output in {Format.JSON, Format.YAML}:
        print_data(agents, output)
    elif output is Format.NAME:
        sys.stdout.writelines(f"{agent['namespace']}/{agent['name']}\n" for agent in agents)
    else:
        columns = ["namespace", "name", "sync", "health", "application", "file"]
        print_table(columns, [_row(agent) for agent in agents])


@app.command("card")
def card(name: Name, server: Server = None) -> None:
    """Print what an agent says of itself.

    Example: roster agent card front-desk
    """
    with connect(server) as api:
        path = f"{_address(api, name)}/.well-known/agent-card.json"
        print_data(get(api, path), Format.JSON)


@app.command("invoke")
def invoke(
    name: Name,
    text: Annotated[str, typer.Argument(help="What to say to it.")],
    context: Annotated[str, typer.Option("--context", help="Go on with a conversation.")] = "",
    server: Server = None,
    output: Output = Format.TABLE,
) -> None:
    """Say one thing to an agent, and print its answer.

    Exit code 1 where it failed, or waits for an approval that only `roster agent chat` can give.

    Example: roster agent invoke front-desk "What time is it in Tokyo?"
    """
    with connect(server) as api:
        task = _send(api, _address(api, name), [_text(text)], {"contextId": context})
    if output in {Format.JSON, Format.YAML}:
        print_data(task, output)
    else:
        _print_answer(task)
    raise typer.Exit(0 if _state(task) == "completed" else 1)


@app.command("chat")
def chat(name: Name, server: Server = None) -> None:
    """Talk to an agent until an empty line; tools that need an approval ask for it.

    Example: roster agent chat note-keeper
    """
    with connect(server) as api:
        address = _address(api, name)
        context: dict[str, str] = {}
        for text in _lines():
            task = _send(api, address, [_text(text)], context)
            while _state(task) == _WAITING and (decision := _decision(task)):
                place = {"contextId": task["contextId"], "taskId": task["id"]}
                task = _send(api, address, [{"kind": "data", "data": decision}], place)
            _print_answer(task)
            context = {"contextId": task["contextId"]}


def every(api: "httpx.Client") -> Iterator[dict[str, Any]]:
    """Give the agents of all applications, each with the application's name."""
    for item in items(api, "/api/v1/applications"):
        name = item["metadata"]["name"]
        status = get(api, f"/api/v1/applications/{name}")["status"]
        for component in status.get("components") or []:
            if component["kind"] == "Agent":
                yield {**component, "application": name}


def _row(agent: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        agent["namespace"],
        agent["name"],
        agent["sync"],
        agent["health"]["status"],
        agent["application"],
        f"{agent['file']}:{agent['line']}",
    )


def find(api: "httpx.Client", name: str) -> dict[str, Any]:
    """Give an agent by name; its namespace may be left out where that is clear.

    Raises:
        UsageError: there is none, or more than one.
    """
    namespace, _, bare = name.rpartition("/")
    found = [
        agent
        for agent in every(api)
        if agent["name"] == bare and namespace in {"", agent["namespace"]}
    ]
    if not found:
        raise UsageError(f"There is no agent {name!r}.", remedy="`roster agent list` shows all.")
    places = sorted({agent["namespace"] for agent in found})
    if len(places) > 1:
        raise UsageError(
            f"There are several agents {bare!r}.",
            remedy=f"Name one of: {', '.join(f'{place}/{bare}' for place in places)}.",
        )
    return found[0]


def _address(api: "httpx.Client", name: str) -> str:
    """Give the path of an agent's gateway."""
    agent = find(api, name)
    return f"/api/a2a/{agent['namespace']}/{agent['name']}"


def _send(
    api: "httpx.Client", address: str, parts: list[dict[str, Any]], place: Mapping[str, str]
) -> dict[str, Any]:
    """Send one message and give the task (or message) that answers, in the form of A2A 0.3."""
    message = {
        "kind": "message",
        "role": "user",
        "messageId": uuid.uuid4().hex,
        "parts": parts,
        **{key: value for key, value in place.items() if value},
    }
    body = {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {"message": message}}
    answer = post(api, f"{address}/", body, timeout_s=_TIMEOUT_S)
    if "error" in answer:
        raise PermanentError(f"The agent refused: {answer['error'].get('message', '')}.")
    return dict(answer["result"])


def _text(text: str) -> dict[str, str]:
    return {"kind": "text", "text": text}


def _state(task: Mapping[str, Any]) -> str:
    """Give the task's state; a bare message is an answer in itself."""
    return "completed" if task.get("kind") == "message" else str(task["status"]["state"])


def _print_answer(task: Mapping[str, Any]) -> None:
    out = console()
    for part in _answer(task):
        if part.get("kind") == "text":
            out.print(part["text"], markup=False)
    for call in _calls(task) if _state(task) == _WAITING else ():
        arguments = json.dumps(call.get("args", {}), ensure_ascii=False)
        out.print(f"It waits for an approval of {call['name']} {arguments}", markup=False)


def _answer(task: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the parts of an answer: of its artifacts, else of the message that ends it."""
    artifacts = [part for artifact in task.get("artifacts") or [] for part in artifact["parts"]]
    message = task if task.get("kind") == "message" else task["status"].get("message") or {}
    return artifacts or list(message.get("parts") or [])


def _calls(task: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the tool calls that wait for an approval, in kagent's form."""
    for part in (task["status"].get("message") or {}).get("parts") or []:
        arguments = (part.get("data") or {}).get("args") or {}
        if "originalFunctionCall" in arguments:
            yield arguments["originalFunctionCall"]


def _decision(task: Mapping[str, Any]) -> dict[str, Any]:
    """Ask the user about every call; empty where there is nothing to decide."""
    calls = list(_calls(task))
    decisions, reasons = {}, {}
    for call in calls:
        arguments = json.dumps(call.get("args", {}), ensure_ascii=False)
        yes = typer.confirm(f"Allow {call['name']} {arguments}?", default=False)
        decisions[call["id"]] = "approve" if yes else "reject"
        if not yes:
            reasons[call["id"]] = typer.prompt("Why not", default="", show_default=False)
    if not calls:
        return {}
    return {"decision_type": "batch", "decisions": decisions, "rejection_reasons": reasons}


def _lines() -> Iterator[str]:
    while True:
        try:
            text = input("> " if sys.stdin.isatty() else "").strip()
        except EOFError:
            return
        if not text:
            return
        yield text
