"""The text of a prompt template cut into text and actions, each with its line."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias


class PromptError(ValueError):
    """What is wrong with a template, and in which line of it, counted from 0."""

    def __init__(self, message: str, line: int) -> None:
        """Take the message and the line."""
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass(frozen=True, slots=True)
class Text:
    """Text that stays as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Inclusion:
    """`{{include "alias/key"}}`."""

    alias: str
    key: str
    line: int


@dataclass(frozen=True, slots=True)
class Value:
    """`{{.Name}}`, `{{$.Name}}`, `{{.}}`, or the `len` of one."""

    name: str
    """Empty: the item of the `range` around it."""
    line: int
    is_length: bool = False
    is_global: bool = False


@dataclass(frozen=True, slots=True)
class Open:
    """`{{if .Name}}` or `{{range .Name}}`."""

    verb: str
    value: Value


@dataclass(frozen=True, slots=True)
class Else:
    """`{{else}}`."""

    line: int


@dataclass(frozen=True, slots=True)
class End:
    """`{{end}}`."""

    line: int


Token: TypeAlias = Text | Inclusion | Value | Open | Else | End

_QUOTED = r"\"(?:\\.|[^\"\\\n])*\"|`[^`]*`"
_CLOSING = re.compile(rf"{_QUOTED}|\}}\}}")
_COMMENT = re.compile(r"\s*/\*")
_COMMENT_END = re.compile(r"\*/(\s+-)?\}\}")
_INCLUDE = re.compile(rf"include\s+({_QUOTED})")
_VALUE = re.compile(r"(?P<len>len\s+)?(?P<root>\$)?\.(?P<name>\w*)")
_OPEN = re.compile(r"(?P<verb>if|range)\s+(?P<value>\S.*)", re.DOTALL)

_SUPPORTED = (
    'include "alias/key", .AgentName, .AgentNamespace, .Description, .ToolNames, .SkillNames, '
    "len, if, else, range and end"
)


def tokens(text: str) -> Iterator[Token]:
    """Cut a template into tokens.

    Raises:
        PromptError: an action is not closed, or not one that is supported.
    """
    position = line = 0
    trims = False
    while (start := text.find("{{", position)) >= 0:
        line += text.count("\n", position, start)
        end, body = _action(text, start, line)
        before = text[position:start].lstrip() if trims else text[position:start]
        yield Text(before.rstrip() if _TRIM_BEFORE.match(body) else before)
        trims = _TRIM_AFTER.search(body) is not None
        yield from _token(_TRIM_AFTER.sub("", _TRIM_BEFORE.sub("", body)).strip(), line)
        line += text.count("\n", start, end)
        position = end
    yield Text(text[position:].lstrip() if trims else text[position:])


_TRIM_BEFORE = re.compile(r"-(?=\s)")
_TRIM_AFTER = re.compile(r"(?<=\s)-\Z")


def _action(text: str, start: int, line: int) -> tuple[int, str]:
    """Give the end of an action, and what stands between its braces."""
    inner = start + 2
    after_trim = inner + 1 if _TRIM_BEFORE.match(text, inner) else inner
    if _COMMENT.match(text, after_trim):
        closing = _COMMENT_END.search(text, after_trim)
        if closing is None:
            raise PromptError("the comment '{{/*' is not closed by '*/}}'", line)
        return closing.end(), text[inner : closing.end() - 2]
    for match in _CLOSING.finditer(text, inner):
        if match[0] == "}}":
            return match.end(), text[inner : match.start()]
    raise PromptError("the action '{{' is not closed by '}}'", line)


def _token(body: str, line: int) -> Iterator[Token]:
    if body.startswith("/*"):
        return
    if match := _INCLUDE.fullmatch(body):
        yield _include(match[1], line)
    elif match := _VALUE.fullmatch(body):
        yield _value(match, line)
    elif re.fullmatch(_QUOTED, body):
        yield Text(_unquoted(body, line))
    elif body in {"else", "end"}:
        yield Else(line) if body == "else" else End(line)
    else:
        yield _open(body, line)


def _include(quoted: str, line: int) -> Inclusion:
    alias, slash, key = _unquoted(quoted, line).partition("/")
    if not (alias and slash and key):
        raise PromptError(f'include takes "alias/key", and {quoted} is none', line)
    return Inclusion(alias, key, line)


def _unquoted(quoted: str, line: int) -> str:
    if quoted.startswith("`"):
        return quoted[1:-1]
    try:
        return str(json.loads(quoted))
    except ValueError as error:
        raise PromptError(f"{quoted} has an escape that does not exist", line) from error


def _value(match: re.Match[str], line: int) -> Value:
    return Value(match["name"], line, bool(match["len"]), bool(match["root"]))


def _open(body: str, line: int) -> Open:
    match = _OPEN.fullmatch(body)
    value = _VALUE.fullmatch(match["value"].strip()) if match else None
    if match is None or value is None:
        raise PromptError(f"{{{{{body}}}}} is not supported; what is: {_SUPPORTED}", line)
    return Open(match["verb"], _value(value, line))
