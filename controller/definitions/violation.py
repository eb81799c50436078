"""A rule that a document breaks, at a path of it, before the path becomes a place in a file."""

import re
from dataclasses import dataclass

from controller.definitions.catalog import Document, Path
from controller.definitions.findings import DefinitionId, Finding, Position, Severity

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One finding of a document, by path."""

    rule: str
    path: Path
    message: str
    remedy: str
    severity: Severity = Severity.ERROR
    cause: Position | None = None
    """The error that this one only follows from."""


def finding(
    violation: Violation, document: Document, definition: DefinitionId | None = None
) -> Finding:
    """Give the finding of a violation, with the place of its path."""
    return Finding(
        rule=violation.rule,
        message=violation.message,
        remedy=violation.remedy,
        severity=violation.severity,
        position=document.position(violation.path),
        definition=definition,
        cause=violation.cause,
    )


def dotted(path: Path) -> str:
    """Give a path as people write it: `spec.tools[0].name`, `metadata.labels["a/b"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text or "the document"
