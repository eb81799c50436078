"""The applications of roster.yaml, to run them and to know where their folders go."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from controller.cli import findings

if TYPE_CHECKING:
    from controller.state.records import ApplicationSpec


def from_file(config: Path | None) -> "tuple[ApplicationSpec, ...]":
    """Give the applications of roster.yaml; none where there is no such file.

    Raises:
        typer.Exit: it has errors, which are printed.
    """
    from controller.settings import FILE_NAME

    file = config or Path(FILE_NAME)
    if not file.is_file():
        return ()
    from controller.definitions.application import parse_applications
    from controller.definitions.findings import has_errors
    from controller.state.specs import application_spec

    applications, found = parse_applications(file.read_bytes(), file=str(file))
    if has_errors(found):
        findings.print_findings(found, stderr=True)
        raise typer.Exit(1)
    return tuple(application_spec(item) for item in applications)
