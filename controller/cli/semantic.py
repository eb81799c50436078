"""A semantic diff on a terminal: coloured there, and marked as by git's word diff elsewhere."""

import sys
from typing import TYPE_CHECKING

from controller.cli.output import console

if TYPE_CHECKING:
    from controller.diff.semantic.change import SemanticDiff

_STYLES = {
    "code": "cyan",
    "title": "bold",
    "muted": "dim",
    "gap": "dim",
    "place": "dim",
    "high": "bold red",
    "medium": "yellow",
    "low": "dim",
    "added": "green underline",
    "removed": "red strike",
}


def print_semantic(diff: "SemanticDiff") -> None:
    """Print a semantic diff."""
    from rich.text import Text

    from controller.diff.semantic import renderings, text

    out = console()
    if out.color_system is None or out.no_color:
        sys.stdout.write(renderings.plain(diff))
        return
    for line in text.lines(diff):
        spans = [(span.text, _STYLES.get(span.style, "")) for span in line.spans]
        out.print(Text.assemble(renderings.indent(line), *spans), soft_wrap=True)
