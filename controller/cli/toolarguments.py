"""Arguments of a tool, from the command line, against the schema that its MCP server gives. Pure.

The server would refuse them too, in the words of whatever library it is written with.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from controller.definitions import suggest
from controller.errors import UsageError

Schema = Mapping[str, Any]


def read(given: str, named: Iterable[str], schema: Schema) -> dict[str, Any]:
    """Give the arguments out of one JSON object and of `name=value`, which win.

    Raises:
        UsageError: they cannot be read.
    """
    return {**_object(given), **dict(_named(text, schema) for text in named)}


def check(tool: str, arguments: Mapping[str, Any], schema: Schema) -> None:
    """Refuse arguments that the tool does not take.

    Raises:
        UsageError: with all that is wrong, and what the tool takes.
    """
    problems = [*_unknown(arguments, schema), *_missing(arguments, schema)]
    problems += () if problems else _wrong(arguments, schema)
    if problems:
        raise UsageError(
            f"{tool} cannot be called so: {'; '.join(problems)}.", remedy=_takes(schema)
        )


def described(schema: Schema) -> str:
    """Say in a line what a tool takes: `title: string, text: string (optional)`."""
    needed = schema.get("required") or ()
    return ", ".join(
        f"{name}: {_type(kind)}{'' if name in needed else ' (optional)'}"
        for name, kind in _properties(schema).items()
    )


def _object(text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"--json is no JSON: {error}.") from error
    if not isinstance(found, dict):
        raise UsageError("--json is no object.", remedy="Give one, such as '{\"a\": 1}'.")
    return found


def _named(text: str, schema: Schema) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"{text!r} is no argument.", remedy="Give arguments as name=value.")
    if _properties(schema).get(name, {}).get("type") == "string":
        return name, value  # `text=42` is a text where the tool wants one
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _unknown(arguments: Mapping[str, Any], schema: Schema) -> Iterator[str]:
    # JSON Schema allows what it does not name; but a name that nobody knows is a slip.
    if "properties" not in schema or schema.get("additionalProperties"):
        return
    known = _properties(schema)
    for name in arguments:
        if name not in known:
            near = suggest.nearest(name, known)
            hint = f" (did you mean {near!r}?)" if near else ""
            yield f"there is no argument {name!r}{hint}"


def _missing(arguments: Mapping[str, Any], schema: Schema) -> Iterator[str]:
    for name in schema.get("required") or ():
        if name not in arguments:
            yield f"{name!r} is missing"


def _wrong(arguments: Mapping[str, Any], schema: Schema) -> Sequence[str]:
    import jsonschema_rs

    try:
        validator = jsonschema_rs.validator_for(dict(schema), retriever=_refuse)
    except (ValueError, jsonschema_rs.ReferencingError):
        return ()  # a schema that cannot be used: the server knows better
    return [
        f"{'.'.join(map(str, error.instance_path)) or 'the arguments'}: {error.message}"
        for error in validator.iter_errors(dict(arguments))
    ]


def _refuse(uri: str) -> Any:
    raise ValueError(f"{uri} is not fetched")


def _takes(schema: Schema) -> str:
    needed = schema.get("required") or ()
    lines = [
        "  ".join(filter(None, (name, _type(kind), _use(kind, is_needed=name in needed))))
        for name, kind in _properties(schema).items()
    ]
    return "\n  ".join(["It takes:", *lines]) if lines else "It takes no arguments."


def _use(kind: Mapping[str, Any], *, is_needed: bool) -> str:
    use = "needed" if is_needed else "optional"
    default = f", else {json.dumps(kind['default'])}" if "default" in kind else ""
    meaning = kind.get("description", "")
    return f"({use}{default}){f'  {meaning}' if meaning else ''}"


def _type(kind: Mapping[str, Any]) -> str:
    if "enum" in kind:
        return "|".join(map(str, kind["enum"]))
    found = kind.get("type") or [each.get("type", "") for each in kind.get("anyOf") or ()]
    return found if isinstance(found, str) else "|".join(filter(None, found)) or "any"


def _properties(schema: Schema) -> Mapping[str, Mapping[str, Any]]:
    found = schema.get("properties")
    named = found.items() if isinstance(found, Mapping) else ()
    # `true` is a schema too: it allows anything.
    return {name: kind if isinstance(kind, Mapping) else {} for name, kind in named}
