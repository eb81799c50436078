"""Near misses: what the author probably meant."""

import difflib
from collections.abc import Iterable


def nearest(word: str, candidates: Iterable[str]) -> str:
    """Give the candidate most like the word, empty where none is near."""
    by_folded = {candidate.casefold(): candidate for candidate in sorted(candidates)}
    matches = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.7)
    return by_folded[matches[0]] if matches else ""


def counted(words: Iterable[str], limit: int = 3) -> str:
    """Give the first words as a list in a sentence, `a, b and 3 more`."""
    names = sorted(words)
    shown, hidden = names[:limit], len(names) - limit
    if hidden > 0:
        return f"{', '.join(shown)} and {hidden} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


def listing(words: Iterable[str], limit: int = 12) -> str:
    """Give the words as a list in a sentence: `a, b or c`; the rest is counted."""
    names = sorted(words)
    shown, hidden = names[:limit], len(names) - limit
    if hidden > 0:
        return f"{', '.join(shown)} or one of {hidden} more"
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} or {shown[-1]}"
