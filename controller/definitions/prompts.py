"""System messages as templates: the part of Go's text/template that kagent's prompts use.

`{{include "alias/key"}}`, the variables `.AgentName`, `.AgentNamespace`, `.Description`,
`.ToolNames` and `.SkillNames`, `{{len .ToolNames}}`, `{{if}}`, `{{range}}`, comments and trim
markers. What is included is plain text and no template itself, so there are no circles and the
work is bounded (kagent, docs/architecture/prompt-templates.md).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from controller.definitions import prompttokens
from controller.definitions.prompttokens import (
    Else,
    End,
    Inclusion,
    Open,
    PromptError,
    Text,
    Token,
    Value,
)

Include: TypeAlias = Callable[[str, str], str]
"""Gives the text for an alias and a key; a LookupError says that there is none, and why."""
Variables: TypeAlias = Mapping[str, str | Sequence[str]]

VARIABLES = ("AgentName", "AgentNamespace", "Description", "ToolNames", "SkillNames")
MAX_EXPANDED = 4_000_000
"""Characters of an expanded prompt: more does not fit an object of Kubernetes."""
_MAX_PARTS = 100_000  # Ranges in ranges multiply, also where they write nothing.
_MAX_NESTING = 10  # No prompt nests so deeply, and each level is a call.

__all__ = ["VARIABLES", "Include", "PromptError", "Variables", "expand", "includes"]


def expand(text: str, include: Include, variables: Variables) -> str:
    """Give the text that a template makes.

    Args:
        text: The template.
        include: Gives the text to include; its LookupError becomes a PromptError.
        variables: Values of `VARIABLES`; names of tools and skills are sequences.

    Raises:
        PromptError: the template is wrong; its `line` counts from 0 within the text.
    """
    scope = _Scope(include=include, variables=variables)
    size, parts = 0, []
    for part in _written(_tree(text), scope):
        size += len(part)
        parts.append(part)
        if size > MAX_EXPANDED or len(parts) > _MAX_PARTS:
            raise PromptError(
                f"the prompt expands to more than {MAX_EXPANDED:,} characters or parts", 0
            )
    return "".join(parts)


def includes(text: str) -> tuple[Inclusion, ...]:
    """Give everything that a template may include, in its order.

    Raises:
        PromptError: the template is wrong.
    """
    return tuple(_included(_tree(text)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    open: Open
    body: "tuple[_Node, ...]"
    otherwise: "tuple[_Node, ...]"


_Node: TypeAlias = Text | Inclusion | Value | _Block


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    include: Include
    variables: Variables
    item: str | None = None
    """The item of the `range` around, None outside of one."""


def _tree(text: str) -> tuple[_Node, ...]:
    nodes, closing = _nodes(prompttokens.tokens(text), depth=0)
    if closing is not None:
        raise PromptError("there is an 'else' or 'end' without 'if' or 'range'", closing.line)
    return nodes


def _nodes(tokens: Iterator[Token], depth: int) -> tuple[tuple[_Node, ...], Else | End | None]:
    """Read up to the `else` or `end` that belongs to none of the blocks read, or to the end."""
    nodes: list[_Node] = []
    for token in tokens:
        if isinstance(token, Else | End):
            return tuple(nodes), token
        nodes.append(_block(token, tokens, depth + 1) if isinstance(token, Open) else token)
    return tuple(nodes), None


def _block(opening: Open, tokens: Iterator[Token], depth: int) -> _Block:
    line = opening.value.line
    if depth > _MAX_NESTING:
        raise PromptError(f"blocks are nested deeper than {_MAX_NESTING} levels", line)
    body, closing = _nodes(tokens, depth)
    otherwise: tuple[_Node, ...] = ()
    if isinstance(closing, Else):
        otherwise, closing = _nodes(tokens, depth)
    if not isinstance(closing, End):
        raise PromptError(f"'{opening.verb}' is not closed by '{{{{end}}}}'", line)
    return _Block(open=opening, body=body, otherwise=otherwise)


def _included(nodes: tuple[_Node, ...]) -> Iterator[Inclusion]:
    for node in nodes:
        if isinstance(node, Inclusion):
            yield node
        elif isinstance(node, _Block):
            yield from _included(node.body)
            yield from _included(node.otherwise)


def _written(nodes: tuple[_Node, ...], scope: _Scope) -> Iterator[str]:
    for node in nodes:
        match node:
            case Text():
                yield node.text
            case Inclusion():
                yield _text_of(node, scope)
            case Value():
                yield _printed(_value(node, scope), is_length=node.is_length)
            case _Block():
                yield from _block_written(node, scope)


def _text_of(node: Inclusion, scope: _Scope) -> str:
    try:
        return scope.include(node.alias, node.key)
    except LookupError as error:
        message = str(error.args[0]) if error.args else "it does not exist"
        raise PromptError(f'include "{node.alias}/{node.key}": {message}', node.line) from error


def _value(value: Value, scope: _Scope) -> str | Sequence[str]:
    if not value.name:
        if scope.item is None or value.is_global:
            raise PromptError("'.' alone is for the item of a 'range'", value.line)
        return scope.item
    if scope.item is not None and not value.is_global:
        raise PromptError(f"inside of 'range' write $.{value.name}", value.line)
    if value.name not in VARIABLES:
        names = ", ".join(f".{name}" for name in VARIABLES)
        raise PromptError(f"there is no variable .{value.name}; there are {names}", value.line)
    return scope.variables.get(value.name, "")


def _printed(value: str | Sequence[str], *, is_length: bool) -> str:
    """Print as Go does: a list as `[a b]`; the length of a text is in bytes."""
    if isinstance(value, str):
        return str(len(value.encode())) if is_length else value
    return str(len(value)) if is_length else f"[{' '.join(value)}]"


def _block_written(block: _Block, scope: _Scope) -> Iterator[str]:
    value = _value(block.open.value, scope)
    if not value:
        yield from _written(block.otherwise, scope)
    elif block.open.verb == "if":
        yield from _written(block.body, scope)
    elif isinstance(value, str):
        raise PromptError(f"'range' needs a list, as .{VARIABLES[3]} is", block.open.value.line)
    else:
        for item in value:
            yield from _written(block.body, replace(scope, item=item))
