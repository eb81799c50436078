"""Two texts compared word by word, with a little context, in bounded time.

Lines are compared first and words inside of what differs, by `difflib` with its heuristic against
frequent items. Where there is too much to compare, the old text is removed and the new one added.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby

from controller.diff.semantic import shown
from controller.diff.semantic.change import Mark, Piece

_MOST_LINES = 1000
_MOST_WORDS = 1500
"""A word-level comparison of so many takes some ten milliseconds, and seconds at the very worst."""
_CONTEXT = 8
"""Words kept around a change."""
_SMALL = 2
"""So few equal words between two changes read better as part of one change."""
MOST_SHOWN = 4000
"""Characters of one comparison; the whole prompt is in the repository."""
_WORD = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")


@dataclass(frozen=True, slots=True)
class _Part:
    """A run of words: the same on both sides but for their white space, or else."""

    is_same: bool
    old: list[str]
    new: list[str]


def compare(before: str, after: str) -> tuple[Piece, ...]:
    """Give the pieces that lead from one text to the other; empty where they are equal."""
    if before == after:
        return ()
    return tuple(_bounded(_joined(_with_gaps(list(_tidied(_lines(before, after)))))))


def excerpt(text: str, mark: Mark) -> tuple[Piece, ...]:
    """Give a whole text that came or went."""
    return tuple(_bounded([Piece(mark, text)])) if text else ()


def _lines(before: str, after: str) -> Iterator[_Part]:
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    yield _same("".join(old[:start]))
    gone, come = old[start : len(old) - end], new[start : len(new) - end]
    if max(len(gone), len(come)) > _MOST_LINES:
        yield _Part(is_same=False, old=gone, new=come)
    else:
        yield from _blocks(gone, come)
    yield _same("".join(old[len(old) - end :]))


def _same(text: str) -> _Part:
    words = _words(text)
    return _Part(is_same=True, old=words, new=words)


def _blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[_Part]:
    left = _MOST_WORDS
    for tag, a, b, c, d in SequenceMatcher(None, old, new).get_opcodes():
        if tag == "equal":
            yield _same("".join(old[a:b]))
            continue
        gone, come = _words("".join(old[a:b])), _words("".join(new[c:d]))
        left -= max(len(gone), len(come))
        if left >= 0:
            yield from _in_words(gone, come)
        else:
            yield _Part(is_same=False, old=gone, new=come)


def _in_words(old: Sequence[str], new: Sequence[str]) -> Iterator[_Part]:
    matcher = SequenceMatcher(None, [_key(word) for word in old], [_key(word) for word in new])
    for tag, a, b, c, d in matcher.get_opcodes():
        yield _Part(is_same=tag == "equal", old=list(old[a:b]), new=list(new[c:d]))


def _key(word: str) -> str:
    """A word moved to another line is the same word; an added blank line is a change."""
    return word.rstrip() or word


def _tidied(parts: Iterable[_Part]) -> Iterator[_Part]:
    """Take a few equal words between changes into one change: `a [-b c d-]{+e c f+}`."""
    listed = [part for part in parts if part.old or part.new]
    gone: list[str] = []
    come: list[str] = []
    for number, part in enumerate(listed):
        is_between = bool(gone or come) and number + 1 < len(listed)
        if part.is_same and not (is_between and _is_small(part.new)):
            yield _Part(is_same=False, old=gone, new=come)
            gone, come = [], []
            yield part
        else:
            gone = gone + part.old
            come = come + part.new
    yield _Part(is_same=False, old=gone, new=come)


def _is_small(words: Sequence[str]) -> bool:
    return len(words) <= _SMALL and not any("\n" in word for word in words)


def _with_gaps(parts: Sequence[_Part]) -> Iterator[Piece]:
    is_first = True
    for number, part in enumerate(parts):
        is_last = not any(later.old or later.new for later in parts[number + 1 :])
        if part.is_same:
            yield from _context(part.new, is_first=is_first, is_last=is_last)
        else:
            yield Piece(Mark.REMOVED, "".join(part.old))
            yield Piece(Mark.ADDED, "".join(part.new))
        is_first = is_first and not (part.old or part.new)


def _context(words: Sequence[str], *, is_first: bool, is_last: bool) -> Iterator[Piece]:
    """Give the words next to the changes before and after."""
    head, tail = 0 if is_first else _CONTEXT, 0 if is_last else _CONTEXT
    if len(words) <= head + tail + _SMALL:
        yield Piece(Mark.SAME, "".join(words))
        return
    yield Piece(Mark.SAME, "".join(words[:head]))
    yield Piece(Mark.GAP, " … ")
    yield Piece(Mark.SAME, "".join(words[len(words) - tail :]))


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Put neighbours of one mark together, and leave out what is empty."""
    for mark, run in groupby((piece for piece in pieces if piece.text), lambda piece: piece.mark):
        yield Piece(mark, "".join(piece.text for piece in run))


def _bounded(pieces: Iterable[Piece]) -> Iterator[Piece]:
    left = MOST_SHOWN
    for piece in pieces:
        text = shown.visible(piece.text[: left + 1], keep="\n\t")
        if len(text) > left:
            yield Piece(piece.mark, text[:left])
            yield Piece(Mark.GAP, " … (shortened)")
            return
        left -= len(text)
        yield Piece(piece.mark, text)


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """Give the number of equal items at the start of both."""
    for number, (one, other) in enumerate(zip(old, new, strict=False)):
        if one != other:
            return number
    return min(len(old), len(new))
