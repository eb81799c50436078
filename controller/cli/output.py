"""How the command line prints: tables for people, JSON for programs, errors as sentences."""

import sys
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from controller.errors import RosterError

if TYPE_CHECKING:  # rich costs a tenth of a second, which `--help` has better uses for
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text


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
_FOLDED = frozenset(
    {
        "agents",
        "arguments",
        "conditions",
        "file",
        "from",
        "meaning",
        "message",
        "path",
        "repo",
        "result",
        "value",
    }
)
"""Columns of prose and of places, which may take several lines; names stay whole, for copying."""
_NARROW = 12
"""Characters below which a folded column cannot be read."""
_GAP = 2
_UNFOLDED = 10_000
"""Characters of a line that is never folded."""


def console(*, stderr: bool = False, is_folded: bool = True) -> "Console":
    """Give a console that colours on a terminal only, and honours NO_COLOR."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    # Nothing is folded for programs: they read lines.
    if stream.isatty() and is_folded:
        return Console(stderr=stderr, highlight=False)
    # A dumb terminal keeps to 80 columns unless both sides are given.
    return Console(stderr=stderr, highlight=False, width=_UNFOLDED, height=100)


def print_error(error: RosterError) -> None:
    """Print what went wrong and what to do about it, on standard error."""
    from rich.text import Text

    out = console(stderr=True)
    print_prose(Text.assemble(("error:", "bold red"), " ", error.message), out)
    if error.remedy:
        print_prose(Text(error.remedy), out, indent=2)


def print_prose(text: "Text", out: "Console", *, indent: int = 0, hanging: int = 0) -> None:
    """Print text between words of which a line may end; the next one starts below the first.

    Args:
        text: what to print.
        out: where.
        indent: columns before every line.
        hanging: columns more before every line but the first.
    """
    first = True
    for paragraph in text.split(allow_blank=True):
        for line in paragraph.wrap(out, max(out.width - indent - hanging, _NARROW)):
            line.rstrip()
            line.pad_left(indent if first else indent + hanging)
            out.print(line, soft_wrap=True)
            first = False


def print_finding(
    out: "Console", *, place: str, severity: str, text: str, remedy: str, indent: int = 0
) -> None:
    """Print what is wrong in a definition, where, and what to do about it."""
    from rich.text import Text

    style = "bold red" if severity == "error" else "yellow"
    said = Text.assemble((place, "bold"), ": ", (f"{severity}:", style), f" {text}")
    print_prose(said, out, indent=indent)
    if remedy:
        print_prose(Text(remedy, style="dim"), out, indent=indent + 4)


def print_line(text: str, *, stderr: bool = False, style: str = "") -> None:
    """Print one line that is to be copied: a command, an address. It is never broken."""
    console(stderr=stderr).print(text, markup=False, soft_wrap=True, style=style or None)


def show(output: Format, data: Any, *, names: Iterable[str], text: Callable[[bool], None]) -> None:
    """Print a result in the form that was asked for.

    Args:
        output: the form.
        data: what JSON and YAML say.
        names: a line each.
        text: prints it for people; takes whether everything is wanted (`-o wide`).
    """
    if output in {Format.JSON, Format.YAML}:
        print_data(data, output)
    elif output is Format.NAME:
        sys.stdout.writelines(f"{name}\n" for name in names)
    else:
        text(output is Format.WIDE)


def print_data(data: Any, form: Format) -> None:
    """Print data as JSON or YAML."""
    if form is Format.YAML:
        import yaml

        sys.stdout.write(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100))
        return
    import json

    sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False, default=str) + "\n")


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, nothing: str = ""
) -> None:
    """Print rows in kubectl's manner: upper-case heads, aligned, no borders.

    Args:
        columns: their names.
        rows: cells, as many as there are columns.
        nothing: what to say, on standard error, where there are no rows.
    """
    out, rows = console(), list(rows)
    if not rows and nothing:
        print_line(nothing, stderr=True)
        return
    found = table(columns, rows)
    if sum((column.min_width or 0) + _GAP for column in found.columns) - _GAP > out.width:
        # Names and states alone are too wide: whole lines are easier to read than folded cells.
        out = console(is_folded=False)
    with out.capture() as printed:
        out.print(found)
    # Spaces that fill up the last column are noise in a file, and on a terminal that wraps them.
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in printed.get().splitlines())


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> "Table":
    """Give a rich table; statuses get their colour, and only prose and places are folded."""
    from rich.table import Table
    from rich.text import Text

    rows = list(rows)
    result = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    for index, column in enumerate(columns):
        widest = max((len(row[index]) for row in rows), default=0)
        least = min(widest, _NARROW) if column in _FOLDED else widest
        result.add_column(
            column.upper(),
            overflow="fold",
            no_wrap=column not in _FOLDED,
            min_width=max(least, len(column)),
        )
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
