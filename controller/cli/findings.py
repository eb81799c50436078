"""How findings are printed: each with its place and remedy, and what waits for their correction."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from controller.cli.output import console, print_finding, print_prose

if TYPE_CHECKING:
    from controller.definitions.findings import Finding


def print_findings(findings: "Sequence[Finding]", *, stderr: bool = False) -> None:
    """Print what is wrong, where, and what to do about it."""
    out = console(stderr=stderr)
    for finding in findings:
        if finding.cause is not None:
            continue  # the error that it follows from is printed
        template = f" (template {finding.template})" if finding.template else ""
        print_finding(
            out,
            place=str(finding.position),
            severity=finding.severity,
            text=f"{finding.message}{template} [{finding.rule}]",
            remedy=finding.remedy,
        )


def print_waiting(names: Sequence[str], *, stderr: bool = False) -> None:
    """Print which definitions are held back by the errors of others."""
    from rich.text import Text

    from controller.definitions import suggest

    if names:
        verb = "waits" if len(names) == 1 else "wait"
        said = f"{counted(len(names), 'definition')} {verb} for that: {suggest.counted(names, 6)}"
        print_prose(Text(said), console(stderr=stderr))


def counted(number: int, noun: str) -> str:
    """Give a number with its noun: `1 error`, `2 errors`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
