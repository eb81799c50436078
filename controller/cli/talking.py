"""Verbs that talk to agents: `agent invoke` and `agent chat`, through the gateway of a Roster."""

import json
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer

from controller.a2a.turn import Call, Turn, decision_part, said, text_part
from controller.cli import agents
from controller.cli.api import connect, get
from controller.cli.options import Output, Server
from controller.cli.output import Format, console, print_data, print_error, print_line
from controller.definitions.owntools import ASK_USER
from controller.errors import PermanentError, TransientError, UsageError

if TYPE_CHECKING:
    import httpx

Session = Annotated[
    str,
    typer.Option("--session", "--context", "-s", help="Go on with a conversation, by its id."),
]
_DATA = frozenset({Format.JSON, Format.YAML})
_CONTROL = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
"""Characters with which an agent could do something to a terminal; they are left out."""
_CANCEL_LIMIT_S = 10.0


def invoke(
    name: agents.Name,
    text: Annotated[str, typer.Argument(help="What to say to it; `-` reads standard input.")],
    session: Session = "",
    server: Server = None,
    output: Output = Format.TABLE,
) -> None:
    """Say one thing to an agent, and print its answer as it comes. Ctrl-C cancels the task.

    Exit code 1 where it failed, or waits for an approval that only `roster agent chat` can give.

    Example: roster agent invoke front-desk "What time is it in Tokyo?"
    """
    words = sys.stdin.read().strip() if text == "-" else text
    with connect(server) as api:
        address = agents.address(api, name)
        line = _Line(api=api, address=address, is_shown=output not in _DATA)
        turn = line.say([text_part(words)], session)
    if output in _DATA:
        print_data(_shown(turn), output)
    else:
        _print_ending(turn, name)
    raise typer.Exit(0 if turn.state == "completed" else 1)


def chat(name: agents.Name, session: Session = "", server: Server = None) -> None:
    """Talk to an agent until an empty line; tools that need an approval ask for it.

    Ctrl-C cancels what the agent is doing. `--session` goes on with a conversation, also with one
    that waits for an approval.

    Example: roster agent chat note-keeper
    """
    with connect(server) as api:
        line = _Line(api=api, address=agents.address(api, name), is_shown=True)
        turn = _left(api, session) if session else Turn()
        turn = _decided(line, turn)
        for text in _lines():
            try:
                turn = _decided(line, line.say([text_part(text)], turn.context_id))
            except KeyboardInterrupt:
                console(stderr=True).print("Canceled.")
            except PermanentError as error:
                print_error(error)
    if sys.stdin.isatty() and turn.context_id:
        again = f"roster agent chat {name} --session {turn.context_id}"
        print_line(f"Go on with: {again}", stderr=True)


class _Interrupts:
    """Remembers a Ctrl-C, for Python drops one that comes up while an object is being freed."""

    def __init__(self) -> None:
        self._came = False

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def check(self) -> None:
        """Raise KeyboardInterrupt where Ctrl-C was pressed."""
        if self._came:
            raise KeyboardInterrupt

    def _note(self, *_: object) -> None:
        self._came = True
        raise KeyboardInterrupt


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """The way to one agent, on which what it says is printed."""

    api: "httpx.Client"
    address: str
    is_shown: bool
    _told: set[str] = field(default_factory=set)
    """Ids of the calls that were printed: an agent tells one again when it goes on after a wait."""

    def say(self, parts: list[dict[str, Any]], context_id: str, task_id: str = "") -> Turn:
        """Say something and follow the turn to its end; Ctrl-C cancels the agent's task.

        Raises:
            PermanentError: the gateway or the agent refuses.
            TransientError: the connection is lost.
        """
        turn = Turn(context_id=context_id)
        try:
            with _Interrupts() as interrupts:
                params = said(parts, context_id=context_id, task_id=task_id)
                self._follow(params, turn, interrupts)
        except KeyboardInterrupt:
            self._cancel(turn)
            raise
        finally:
            if self.is_shown and turn.text:
                sys.stdout.write("\n")
        return turn

    def _follow(self, params: Mapping[str, Any], turn: Turn, interrupts: "_Interrupts") -> None:
        import httpx

        from controller.a2a import conversation

        body = conversation.request("message/stream", params)
        headers = {"Accept": "text/event-stream"}
        try:
            with self.api.stream(
                "POST", self.address, json=body, headers=headers, timeout=conversation.TIMEOUT
            ) as answer:
                for result in _results(answer):
                    step = turn.feed(result)
                    self._show(step.text, step.called)
                    interrupts.check()
        except httpx.TransportError as error:
            again = f"`--session {turn.context_id}` goes on." if turn.context_id else ""
            raise TransientError(
                f"The connection was lost: {str(error) or type(error).__name__}.", remedy=again
            ) from error

    def _show(self, text: str, called: tuple[Call, ...]) -> None:
        if not self.is_shown:
            return
        for call in called:
            if call.id not in self._told:
                print_line(f"· {_described(call)}", style="dim", stderr=True)
        self._told.update(call.id for call in called if call.id)
        if text:
            sys.stdout.write(text.translate(_CONTROL))
            sys.stdout.flush()

    def _cancel(self, turn: Turn) -> None:
        import httpx

        from controller.a2a import conversation

        if not turn.task_id or turn.has_ended:
            return
        body = conversation.request("tasks/cancel", {"id": turn.task_id})
        try:
            self.api.post(self.address, json=body, timeout=_CANCEL_LIMIT_S)
        except httpx.TransportError:
            console(stderr=True).print("The task could not be cancelled; it goes on.")


def _results(answer: "httpx.Response") -> Iterator[Mapping[str, Any]]:
    from controller.a2a import conversation

    if not conversation.is_stream(answer):
        answer.read()
        yield conversation.result(answer)
        return
    for line in answer.iter_lines():
        yield from conversation.results(line)


def _decided(line: _Line, turn: Turn) -> Turn:
    """Ask the user about everything that waits, until the agent goes on without."""
    while turn.is_waiting:
        part = _decision(turn.waiting_for)
        turn = line.say([part], turn.context_id, turn.task_id)
    return turn


def _decision(calls: tuple[Call, ...]) -> dict[str, Any]:
    allowed: dict[str, bool] = {}
    reasons: dict[str, str] = {}
    answers: list[str] = []
    for call in calls:
        if call.name.rpartition(": ")[2] == ASK_USER:
            answers += _answers(call)
            allowed[call.id] = True
            continue
        allowed[call.id] = typer.confirm(f"Allow {_described(call)}?", default=False)
        if not allowed[call.id]:
            reasons[call.id] = typer.prompt("Why not", default="", show_default=False)
    return decision_part(allowed, reasons, answers)


def _answers(call: Call) -> Iterator[str]:
    for question in call.arguments.get("questions") or []:
        choices = [str(choice) for choice in question.get("choices") or []]
        hint = f" ({', '.join(choices)})" if choices else ""
        yield str(typer.prompt(f"{question.get('question', '')}{hint}"))


def _left(api: "httpx.Client", session: str) -> Turn:
    """Give the turn with which a conversation was left.

    Raises:
        UsageError: there is no such conversation.
    """
    turn = Turn(context_id=session)
    try:
        tasks = get(api, f"/api/sessions/{session}/tasks")["data"]
    except PermanentError as error:
        raise UsageError(
            f"There is no session {session!r}.", remedy="`roster session list` shows all."
        ) from error
    if tasks:
        turn.feed(max(tasks, key=_time))
    return turn


def _time(task: Mapping[str, Any]) -> str:
    return str((task.get("status") or {}).get("timestamp") or "")


def _described(call: Call) -> str:
    arguments = json.dumps(dict(call.arguments), ensure_ascii=False)
    return f"{call.name} {arguments}".translate(_CONTROL)


def _print_ending(turn: Turn, name: str) -> None:
    for call in turn.waiting_for:
        print_line(f"It waits for an approval of {_described(call)}")
    if turn.is_waiting:
        again = f"roster agent chat {name} --session {turn.context_id}"
        print_line(f"Decide with: {again}", stderr=True)
    elif turn.state != "completed":
        print_line(f"The task is {turn.state or 'unknown'}.", stderr=True)


def _shown(turn: Turn) -> dict[str, Any]:
    return {
        "text": turn.text,
        "state": turn.state,
        "contextId": turn.context_id,
        "taskId": turn.task_id,
        "waitingFor": [
            {"id": call.id, "name": call.name, "args": dict(call.arguments)}
            for call in turn.waiting_for
        ],
    }


def _lines() -> Iterator[str]:
    """Give what the user types, until an empty line, its end, or Ctrl-C at the prompt."""
    while True:
        try:
            text = input("> " if sys.stdin.isatty() else "").strip()
        except (EOFError, KeyboardInterrupt):
            return
        if not text:
            return
        yield text
