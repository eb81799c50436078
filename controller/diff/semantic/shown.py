"""Texts from a repository made fit to be shown: visible, bounded, and without credentials.

Characters that a terminal obeys, or that hide or reorder text from a reviewer (escape sequences,
bidirectional overrides, zero-width and tag characters: CVE-2021-42574 and invisible prompt
injection), are written out as their code points.
"""

import re
import unicodedata
from typing import Any

import orjson

from controller.definitions.findings import DefinitionId
from controller.telemetry import redact

_LONGEST_VALUE = 100
_JOINER = "\u200d"  # Emoji of several people are made with it.
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
_QUERY_VALUE = re.compile(r"(?<=[?&])([^=&#\s]+)=[^&#\s]*")
_SECRET_FLAG = re.compile(
    r"(token|secret|passw(?:or)?d|credential|authorization|bearer|(?:api|access|private)[-_]?key)",
    re.IGNORECASE,
)
HIDDEN = "********"


def visible(text: str, *, keep: str = "") -> str:
    """Give a text with characters that cannot be seen written out; those in `keep` stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_seen(char) if char not in keep else char for char in text)


def _seen(char: str) -> str:
    code = ord(char)
    is_selector = 0xE0100 <= code <= 0xE01EF
    if (unicodedata.category(char) in _HIDDEN or is_selector) and char != _JOINER:
        return f"\\u{{{code:x}}}"
    return char


def code(text: object) -> str:
    """Give a name or a value in backticks, on one line, not too long."""
    line = " ".join(visible(redact(str(text)).replace("`", "'"), keep="\n\t").split())
    if len(line) > _LONGEST_VALUE:
        line = f"{line[:_LONGEST_VALUE]}…"
    return f"`{line}`" if line else "(empty)"


def codes(names: Any, *, most: int = 8) -> str:
    """Give several names, the first few if there are many."""
    listed = [str(name) for name in names]
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(code(name) for name in listed[:most]) + more


def value(given: Any) -> str:
    """Give a plain value."""
    if isinstance(given, str):
        return code(given)
    return code(orjson.dumps(given, option=orjson.OPT_SORT_KEYS, default=str).decode())


def address(given: Any) -> str:
    """Give an address without user, password and values of its query."""
    return code(_QUERY_VALUE.sub(rf"\1={HIDDEN}", redact(str(given))))


def arguments(given: Any) -> str:
    """Give the arguments of a command; what follows a flag with a telling name is left out."""
    words = [str(word) for word in given] if isinstance(given, list) else [str(given)]
    told: list[str] = []
    is_secret = False
    for word in words:
        name, equals, _ = word.partition("=")
        if is_secret and not word.startswith("-"):
            told.append(HIDDEN)
        elif equals and _SECRET_FLAG.search(name):
            told.append(f"{name}={HIDDEN}")
        else:
            told.append(_QUERY_VALUE.sub(rf"\1={HIDDEN}", word))
        is_secret = word.startswith("-") and not equals and bool(_SECRET_FLAG.search(word))
    return code(" ".join(told))


def definition(id_: DefinitionId) -> str:
    """Give a definition's name."""
    return code(str(id_))
