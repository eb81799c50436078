"""Whether an agent's system message, where it is a template, can be expanded."""

from collections.abc import Iterator

from controller.definitions import positions, prompts, suggest, targets
from controller.definitions.catalog import Definition
from controller.definitions.findings import Finding, Severity
from controller.definitions.view import View


def check(definition: Definition, index: targets.Index) -> Iterator[Finding]:
    """Check the template of an agent: its syntax, and that what it includes is there."""
    return iter(())
