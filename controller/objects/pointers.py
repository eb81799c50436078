"""JSON pointers (RFC 6901): `/spec/replicas`, `/metadata/annotations/a.b~1c`."""

import re

_BAD_ESCAPE = re.compile(r"~(?![01])")


def parse(text: str) -> tuple[str, ...]:
    """Give the names that a pointer leads through; a list's index is its number as text.

    Raises:
        ValueError: the text is no pointer, or points to the whole object.
    """
    if not text.startswith("/"):
        raise ValueError(f"{text!r} does not begin with '/'")
    if _BAD_ESCAPE.search(text):
        raise ValueError(f"{text!r} has a '~' that is followed by neither 0 nor 1")
    return tuple(name.replace("~1", "/").replace("~0", "~") for name in text[1:].split("/"))
