"""Near misses: what the author probably meant."""

import difflib
from collections.abc import Iterable


def nearest(word: str, candidates: Iterable[str]) -> str:
    """Give the candidate most like the word, empty where none is near."""
    by_folded = {candidate.casefold(): candidate for candidate in sorted(candidates)}
    matches = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.7)
    return by_folded[matches[0]] if matches else ""


def listing(words: Iterable[str], limit: int = 12) -> str:
    """Give the words as a list in a sentence: `a, b or c`; the rest is counted."""
    names = sorted(words)
    shown, hidden = names[:limit], len(names) - limit
    if hidden > 0:
        return f"{', '.join(shown)} or one of {hidden} more"
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} or {shown[-1]}"
