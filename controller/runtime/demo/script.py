"""What the demo model answers: a script, not a model, and it says so.

`reply` is a pure function of the conversation. It splits the last user message into steps ("…, then
…"), picks for each the tool whose name and description share the most words with it, and puts the
results into its answer. Everything else gets a few stock sentences, so that an example agent can be
tried, demonstrated and tested on a machine without any account.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.runtime.demo import arguments

_STEP = re.compile(r"(?:,|;|\.)?\s+(?:and\s+)?then\s+", re.IGNORECASE)
_WORD = re.compile(r"[a-z]+")
_ASK_ME = re.compile(r"\bask me (.+)", re.IGNORECASE)
_NAME = re.compile(r"\bmy name is ([A-Z][\w-]*)", re.IGNORECASE)
_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """a an and any are as at be by can do for from give has have how i in into is it its me my
        of on one or out please than that the their them then these this to us was what when
        where which who will with would you your""",
    )
)

_AGENT_MARK = "__NS__"
_ALWAYS_THERE = "ask_user"
"""A tool that every agent has says nothing about this one."""
_NAME_WEIGHT = 3
_DISTINCTIVE_WEIGHT = 3
_ADDRESSED_WEIGHT = 10
"""An agent that is called by its name is meant, whatever else the sentence speaks of."""
_ENOUGH = 2
"""A tool fits when a word of its name occurs, two of its description, or a telling argument."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool as the caller of the model offers it."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One message of a conversation."""

    role: str
    text: str = ""
    tool: str = ""
    """For a tool's answer: its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """The wish to call a tool."""

    name: str
    arguments: Mapping[str, Any]


Reply = str | ToolCall


def reply(conversation: Sequence[Turn], tools: Sequence[Tool], *, verbose: bool = False) -> Reply:
    """The next thing that the demo model says or does."""
    start = max((i for i, turn in enumerate(conversation) if turn.role == "user"), default=-1)
    if start < 0:
        return "I am the scripted demo model. Say something."
    question = conversation[start].text
    results = [turn for turn in conversation[start:] if turn.role == "tool"]
    steps = _STEP.split(question.strip())
    if len(results) < len(steps):
        call = _call(steps[len(results)], tools, results)
        if isinstance(call, ToolCall):
            return call
        if call and not results:
            return call
    if results:
        return _report(results, verbose=verbose)
    return _small_talk(question, conversation[:start], tools)


def _call(step: str, tools: Sequence[Tool], results: Sequence[Turn]) -> ToolCall | str:
    """The call that this step asks for, a question back, or nothing."""
    asked = _ASK_ME.search(step)
    if asked and any(tool.name == _ALWAYS_THERE for tool in tools):
        question = {"question": asked.group(1).strip().rstrip(".?") + "?"}
        return ToolCall(name=_ALWAYS_THERE, arguments={"questions": [question]})
    previous = _plain(results[-1].text) if results else None
    best: tuple[tuple[int, int], Tool, arguments.Filled] | None = None
    for tool in tools:
        if tool.name == _ALWAYS_THERE:
            continue
        filled = arguments.fill(tool.schema, step, previous_result=previous)
        score = _score(step, tool, filled)
        rank = (score, -len(filled.missing))
        if score >= _ENOUGH and (best is None or rank > best[0]):
            best = (rank, tool, filled)
    if best is None:
        return ""
    _, tool, filled = best
    if filled.missing:
        wanted = " and ".join(filled.missing)
        return f"I would use {_spoken(tool.name)} for that, but I do not see its {wanted}."
    return ToolCall(name=tool.name, arguments=filled.arguments)


def _score(step: str, tool: Tool, filled: arguments.Filled) -> int:
    said = _words(step)
    in_name = said & _words(_spoken(tool.name))
    in_description = (said & _words(tool.description)) - in_name
    score = _NAME_WEIGHT * len(in_name) + len(in_description)
    if _AGENT_MARK in tool.name and _spoken(tool.name) in step.lower():
        score += _ADDRESSED_WEIGHT
    return score + _DISTINCTIVE_WEIGHT * filled.distinctive


def _words(text: str) -> set[str]:
    """The meaningful words of a text, endings cut so that `notes` meets `note`."""
    words = set(_WORD.findall(text.lower())) - _STOP_WORDS
    return {re.sub(r"(?:ing|ed|es|s|e)$", "", word) if len(word) > 3 else word for word in words}


def _spoken(tool_name: str) -> str:
    """`default__NS__time_keeper` is spoken of as `time keeper`."""
    return tool_name.rsplit(_AGENT_MARK, 1)[-1].replace("_", " ").replace("-", " ")


def _report(results: Sequence[Turn], *, verbose: bool) -> str:
    sentences = [f"{_spoken(turn.tool)}: {_plain(turn.text)}" for turn in results]
    if len(sentences) == 1 and not verbose:
        return sentences[0]
    listed = "\n".join(f"{number}. {text}" for number, text in enumerate(sentences, start=1))
    return f"Here is what I did:\n{listed}"


def _plain(text: str) -> str:
    """A tool's answer without the JSON around a single value."""
    try:
        content = json.loads(text)
    except ValueError:
        return text
    if isinstance(content, Mapping):
        if set(content) == {"result"}:
            return _plain_value(content["result"])
        return ", ".join(
            f"{key.replace('_', ' ')} {_plain_value(value)}" for key, value in content.items()
        )
    return _plain_value(content)


def _plain_value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_plain_value, value)) or "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _small_talk(question: str, before: Sequence[Turn], tools: Sequence[Tool]) -> str:
    for pattern, answer in _STOCK_ANSWERS:
        if match := pattern.search(question):
            return answer(match, before, tools)
    return (
        f"I am the scripted demo model and matched no tool to “{question.strip()}”. "
        f"{_abilities(tools)}"
    )


def _counted(last: int) -> str:
    return " ".join(str(number) for number in range(1, last + 1))


def _recalled_question(before: Sequence[Turn]) -> str:
    asked = [turn.text for turn in before if turn.role == "user"]
    return f"You said: “{asked[-1]}”" if asked else "You have said nothing yet."


def _recalled_name(before: Sequence[Turn]) -> str:
    for turn in reversed(before):
        if turn.role == "user" and (name := _NAME.search(turn.text)):
            return f"Your name is {name.group(1)}."
    return "You have not told me."


def _role(before: Sequence[Turn]) -> str:
    """The first sentence of the system prompt, turned towards the user."""
    prompt = next((turn.text for turn in before if turn.role in ("system", "developer")), "")
    sentence = re.split(r"(?<=[.!?])\s", " ".join(prompt.split()), maxsplit=1)[0]
    return re.sub(r"^You are\b", "I am", sentence)


def _abilities(tools: Sequence[Tool]) -> str:
    names = [_spoken(tool.name) for tool in tools if tool.name != _ALWAYS_THERE]
    return f"I can use: {', '.join(names)}." if names else "I have no tools."


_STOCK_ANSWERS: Sequence[
    tuple[re.Pattern[str], Callable[[re.Match[str], Sequence[Turn], Sequence[Tool]], str]]
] = (
    (
        re.compile(r"\bcount (?:slowly )?to (\d{1,4})\b", re.IGNORECASE),
        lambda match, _before, _tools: _counted(int(match.group(1))),
    ),
    (
        re.compile(r"\bwhat is my name|\bwho am i\b", re.IGNORECASE),
        lambda _match, before, _tools: _recalled_name(before),
    ),
    (
        _NAME,
        lambda match, _before, _tools: f"Hello {match.group(1)}, I will remember your name here.",
    ),
    (
        re.compile(r"\bwhat did i (?:just )?(?:say|ask)", re.IGNORECASE),
        lambda _match, before, _tools: _recalled_question(before),
    ),
    (
        re.compile(r"^\s*(?:hi|hello|hey|good (?:morning|day))\b|\bwho are you", re.IGNORECASE),
        lambda _match, before, tools: f"Hello! {_role(before)} {_abilities(tools)}",
    ),
    (
        re.compile(r"what can you do|^\s*help\W*$", re.IGNORECASE),
        lambda _match, _before, tools: _abilities(tools),
    ),
)
