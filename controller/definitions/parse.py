"""Files of an agents repository to definitions, and what is wrong with them, in one pass.

Files are read one by one and remembered by their content, so that a new commit costs the files it
changed. What refers to what is the business of `definitions.resolve`.
"""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from controller.definitions import reading
from controller.definitions.catalog import Definition
from controller.definitions.findings import Finding, in_order
from controller.definitions.memory import Memory

_SUFFIXES = (".yaml", ".yml")
_SETTINGS = frozenset({"roster.yaml", "roster.yml"})

_memory: Memory[reading.FileContent] = Memory(max_bytes=64_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """Every definition of a revision, before references are looked at."""

    definitions: tuple[Definition, ...]
    """In the order of files and of documents in them. Two may have one id: `resolve` reports it."""
    findings: tuple[Finding, ...]
    """A finding without a definition may hide any number of them: nothing may be pruned then."""


def parse(files: Mapping[str, bytes], *, namespace: str) -> Parsed:
    """Read the YAML files of a revision; never raises for what they contain.

    Args:
        files: Contents by path in the repository. Files that are no YAML, in hidden folders or
            settings of Roster itself are passed over.
        namespace: Namespace of documents that name none.
    """
    contents = [
        _memory.remember(
            (file, content, namespace),
            len(content),
            lambda file=file, content=content: reading.read(file, content, namespace),  # type: ignore[misc]  # mypy cannot infer default arguments
        )
        for file, content in sorted(files.items())
        if is_definition_file(file)
    ]
    return Parsed(
        definitions=tuple(d for content in contents for d in content.definitions),
        findings=in_order(f for content in contents for f in content.findings),
    )


def is_definition_file(path: str) -> bool:
    """Tell whether a file of the repository is read for definitions."""
    is_hidden = any(part.startswith(".") for part in path.split("/"))
    name = posixpath.basename(path)
    return path.endswith(_SUFFIXES) and not is_hidden and name not in _SETTINGS
