"""Writes values and errors as Go does, because some of the real server's messages hold them so."""

from collections.abc import Mapping
from typing import Any

import yaml


def formatted(value: Any) -> str:
    """Give a JSON value as Go prints a map of interfaces."""
    if isinstance(value, Mapping):
        inside = " ".join(f"{name}:{formatted(value[name])}" for name in sorted(value))
        return f"map[{inside}]"
    if isinstance(value, list):
        return "[" + " ".join(map(formatted, value)) + "]"
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)


def yaml_fault(error: yaml.YAMLError) -> str:
    """Give a YAML error in the words of Go's library, whose parser is the same libyaml.

    Lines count from 0 in the parser; Go's library adds one for the scanner's errors only
    (go-yaml `decode.go`, `fail`), and leaves line 0 out.
    """
    if not isinstance(error, yaml.MarkedYAMLError):
        return f"yaml: {error}"
    marks = [mark.line for mark in (error.context_mark, error.problem_mark) if mark]
    line = next((line for line in marks if line), 0)
    if line and isinstance(error, yaml.scanner.ScannerError):
        line += 1
    place = f"line {line}: " if line else ""
    return f"yaml: {place}{error.problem}"


class _Dumper(yaml.CSafeDumper):
    """Quotes as Go's library does: with double quotes, what would else be no string."""


def _written(dumper: yaml.CSafeDumper, text: str) -> yaml.Node:
    tag = "tag:yaml.org,2002:str"
    if "\n" in text:
        return dumper.represent_scalar(tag, text, style="|")
    is_plain = dumper.resolve(yaml.ScalarNode, text, (True, False)) == tag  # type: ignore[no-untyped-call] # the stubs leave it out
    return dumper.represent_scalar(tag, text, style=None if is_plain else '"')


_Dumper.add_representer(str, _written)


def as_yaml(value: Any) -> bytes:
    """Write a JSON value as the real server writes YAML: names sorted, long lines whole."""
    text: bytes = yaml.dump(
        value, Dumper=_Dumper, sort_keys=True, width=2**30, encoding="utf-8", allow_unicode=True
    )
    return text
