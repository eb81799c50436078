"""Reads, writes and edits the files that a model names, in the form of kagent's tools."""

from typing import Any

from controller.runtime.skills import beneath
from controller.runtime.skills.workspace import Place

_MAX_READ_BYTES = 4 * 1024 * 1024
_MAX_WRITTEN_BYTES = 4 * 1024 * 1024
_MAX_LINES = 2000
_MAX_LINE = 2000
_MAX_ANSWER = 64 * 1024
"""Characters of one answer: the model pays for them in every request that follows."""


class FileError(Exception):
    """A file cannot be used so; the message is the model's."""


def read(place: Place, offset: Any, limit: Any) -> str:
    """Give lines of a file with their numbers; `offset` is the number of the first.

    Raises:
        FileError: it is no text, or there is no such line.
        OSError: it cannot be opened.
    """
    lines = _text(place).splitlines()
    if not lines:
        return "File is empty."
    first = max(_number(offset, 1), 1)
    if first > len(lines):
        raise FileError(f"The file has {len(lines)} lines, and none with the number {first}.")
    last = min(first - 1 + min(_number(limit, _MAX_LINES), _MAX_LINES), len(lines))
    return _numbered(lines, first, last)


def write(place: Place, content: str) -> str:
    """Write a file of the conversation anew.

    Raises:
        FileError: it belongs to a skill, or would be too large.
        OSError: it cannot be written.
    """
    encoded = content.encode(errors="surrogatepass")
    name = _changeable(place)
    if len(encoded) > _MAX_WRITTEN_BYTES:
        raise FileError(f"{name} would be larger than {_MAX_WRITTEN_BYTES} bytes.")
    beneath.write(place.root, place.parts, encoded)
    return f"Successfully wrote to {name}"


def edit(place: Place, old: str, new: str, *, everywhere: bool) -> str:
    """Replace a text that occurs once in a file of the conversation, or wherever it occurs.

    Raises:
        FileError: it belongs to a skill, or the text does not occur as it should.
        OSError: it cannot be read or written.
    """
    name = _changeable(place)
    text = _text(place)
    count = text.count(old)
    if count == 0:
        raise FileError(f"old_string does not occur in {name}.")
    if count > 1 and not everywhere:
        raise FileError(
            f"old_string occurs {count} times in {name}; give more of the text, or set replace_all."
        )
    write(place, text.replace(old, new))
    return f"Successfully replaced {count} occurrence(s) in {name}"


def _changeable(place: Place) -> str:
    if place.is_skill:
        raise FileError("Files of skills cannot be changed; write below the working folder.")
    return "/".join(place.parts)


def _text(place: Place) -> str:
    content, is_whole = beneath.read(place.root, place.parts, _MAX_READ_BYTES)
    if not is_whole:
        raise FileError(f"The file is larger than {_MAX_READ_BYTES} bytes.")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileError("The file is no text.") from error


def _number(value: Any, default: int) -> int:
    return value if isinstance(value, int) and value > 0 else default


def _numbered(lines: list[str], first: int, last: int) -> str:
    shown: list[str] = []
    size = 0
    for number in range(first, last + 1):
        line = lines[number - 1]
        text = f"{number:6d}|{line[:_MAX_LINE]}{'...' if len(line) > _MAX_LINE else ''}"
        size += len(text)
        if size > _MAX_ANSWER:
            last = number - 1
            break
        shown.append(text)
    if last < len(lines):
        shown.append(f"[the file has {len(lines)} lines; go on with offset {last + 1}]")
    return "\n".join(shown)
