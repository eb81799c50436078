"""The lines of `text` as plain text, as Markdown for pull requests, and changes as JSON."""

import html
import re
from collections.abc import Iterator
from typing import Any

from controller.diff.semantic.change import Change, SemanticDiff
from controller.diff.semantic.text import Line, Role, Span, Style, lines

_INDENT = {Role.CHANGE: "  ", Role.WORDS: "      ", Role.REACH: "  "}
_SIGNS = {Style.ADDED: ("{+", "+}"), Style.REMOVED: ("[-", "-]")}
_TAGS = {Style.ADDED: "ins", Style.REMOVED: "del"}
MARKDOWN_LIMIT = 60_000
"""Characters; GitHub takes 65,536 in a comment, and others more."""


def plain(diff: SemanticDiff) -> str:
    """Give a diff as text; words that came and went are marked as `git diff --word-diff` does."""
    return "".join(f"{_plain_line(line)}\n" for line in lines(diff))


def indent(line: Line) -> str:
    """Give what stands before a line, so that one sees what belongs together."""
    return "\n" if line.role is Role.DEFINITION else _INDENT.get(line.role, "")


def _plain_line(line: Line) -> str:
    return (indent(line) + "".join(_signed(span) for span in line.spans)).rstrip(" ")


def _signed(span: Span) -> str:
    start, end = _SIGNS.get(span.style, ("", ""))
    return f"{start}{span.text}{end}"


def markdown(diff: SemanticDiff, *, limit: int = MARKDOWN_LIMIT) -> str:
    """Give a diff as GitHub's Markdown.

    What comes from the repository stands in code spans or, escaped, in `<pre>`: it cannot link,
    mention anybody or break out.

    Args:
        diff: what to tell.
        limit: most characters; whole blocks are left out at the end, and counted.
    """
    kept: list[str] = []
    left = limit - 100
    blocks = list(_blocks(diff))
    for block in blocks:
        left -= len(block) + 1
        if left < 0:
            kept.append(f"\n_{len(blocks) - len(kept)} more parts are left out for their length._")
            break
        kept.append(block)
    return "\n".join(kept) + "\n"


def _blocks(diff: SemanticDiff) -> Iterator[str]:
    words: list[Line] = []
    for line in lines(diff):
        if line.role is Role.WORDS:
            words.append(line)
            continue
        if words:
            yield _pre(words)
            words = []
        yield _markdown_line(line)
    if words:
        yield _pre(words)


def _markdown_line(line: Line) -> str:
    text = "".join(_marked_up(span) for span in line.spans).strip()
    match line.role:
        case Role.DEFINITION:
            return f"\n#### {text}"
        case Role.CHANGE | Role.REACH:
            return f"- {text}"
        case _:
            return f"\n{text}\n"


def _marked_up(span: Span) -> str:
    match span.style:
        case Style.CODE | Style.TITLE | Style.PLACE:
            return _code(span.text)
        case Style.HIGH:
            return f"**{span.text.strip()}**"
        case Style.MEDIUM | Style.LOW:
            return span.text.strip()
        case _:
            # Our own words, but for the padding of columns.
            return re.sub(" +", " ", span.text)


def _code(text: str) -> str:
    """Give a code span; a fence longer than any run of backticks keeps them inside."""
    text = " ".join(text.split())
    if not text:
        return ""
    longest = max(
        (len(run) for run in "".join(c if c == "`" else " " for c in text).split()), default=0
    )
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{text}{space}{fence}"


def _pre(words: list[Line]) -> str:
    """Give a compared text, indented so that it stays inside of its list item."""
    text = "\n  ".join("".join(_tagged(span) for span in line.spans) for line in words)
    return f"  <pre>{text}</pre>"


def _tagged(span: Span) -> str:
    text = html.escape(span.text, quote=False)
    tag = _TAGS.get(span.style)
    return f"<{tag}>{text}</{tag}>" if tag else text


def data(diff: SemanticDiff, *, most: int | None = None) -> dict[str, Any]:
    """Give a diff as plain data: everything, or the most important so many changes."""
    return {
        "before": diff.before,
        "after": diff.after,
        "counts": {str(severity): count for severity, count in diff.counts.items()},
        "changes": [_change(change) for change in diff.changes[:most]],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "kind": str(change.kind),
        "severity": str(change.severity),
        "definition": str(change.definition),
        "file": change.position.file,
        "line": change.position.line,
        "summary": change.summary,
        "words": [{"mark": str(piece.mark), "text": piece.text} for piece in change.pieces],
        "agents": [str(agent) for agent in change.agents],
        "reaches": [str(agent) for agent in change.reaches],
    }
