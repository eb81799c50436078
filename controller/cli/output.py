"""How the command line prints: tables for people, JSON for programs, errors as sentences."""

import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from controller.errors import RosterError

if TYPE_CHECKING:  # rich costs a tenth of a second, which `--help` has better uses for
    from rich.console import Console


class Format(StrEnum):
    """Output formats, as kubectl names them."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


_STYLES = {
    "Synced": "green",
    "Healthy": "green",
    "Succeeded": "green",
    "OutOfSync": "yellow",
    "Progressing": "cyan",
    "Running": "cyan",
    "Missing": "yellow",
    "Suspended": "blue",
    "Degraded": "red",
    "Failed": "red",
    "Error": "red",
    "Unknown": "magenta",
}
_FOLDED = frozenset({"message", "meaning"})
"""Columns of prose, which may take several lines."""


def console(*, stderr: bool = False) -> "Console":
    """Give a console that colours on a terminal only, and honours NO_COLOR."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    # Nothing is folded for programs: they read lines.
    width = None if stream.isatty() else 10_000
    return Console(stderr=stderr, highlight=False, width=width)


def print_error(error: RosterError) -> None:
    """Print what went wrong and what to do about it, on standard error."""
    out = console(stderr=True)
    out.print("[bold red]error:[/]", end=" ")
    out.print(error.message, markup=False)
    if error.remedy:
        out.print(f"  {error.remedy}", markup=False)


def print_data(data: Any, form: Format) -> None:
    """Print data as JSON or YAML."""
    if form is Format.YAML:
        import yaml

        sys.stdout.write(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100))
        return
    import json

    sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False, default=str) + "\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows in kubectl's manner: upper-case heads, aligned, no borders."""
    out = console()
    if out.is_terminal:
        out.print(table(columns, rows))
        return
    with out.capture() as printed:
        out.print(table(columns, rows))
    # Spaces that fill up the last column are noise in a file, and in a diff of two.
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in printed.get().splitlines())


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Any:
    """Give a rich table; statuses get their colour."""
    from rich.table import Table
    from rich.text import Text

    result = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        result.add_column(column.upper(), overflow="fold", no_wrap=column not in _FOLDED)
    for row in rows:
        result.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in row))
    return result


def moment(iso: str) -> str:
    """Give a time of the API in the zone of whoever reads it, to the second, with the zone."""
    from datetime import datetime

    return f"{datetime.fromisoformat(iso).astimezone():%Y-%m-%d %H:%M:%S %Z}"


def short(revision: str) -> str:
    """Give a commit id's first seven digits, as git does."""
    return revision[:7]
