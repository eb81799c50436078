from collections.abc import Iterator
from typing import Any, cast

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from controller.cluster.reflector import lines


class Chunks:
    """A response that arrives in given pieces."""

    def __init__(self, *chunks: bytes) -> None:
        self.chunks = chunks

    def stream(self) -> Iterator[bytes]:
        yield from self.chunks


def split(*chunks: bytes) -> list[bytes]:
    return list(lines(cast("urllib3.BaseHTTPResponse", Chunks(*chunks))))


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ((b"one\ntwo\n",), [b"one", b"two"]),
        ((b"o", b"ne\nt", b"wo", b"\n"), [b"one", b"two"]),
        ((b"\n\none\n\n",), [b"one"]),
        ((b"one\ncut off",), [b"one"]),
        ((), []),
    ],
)
def test_lines_are_put_together_from_pieces(chunks: Any, expected: Any) -> None:
    assert split(*chunks) == expected


@given(st.lists(st.binary(min_size=1).filter(lambda line: b"\n" not in line)), st.integers(1, 7))
def test_lines_do_not_depend_on_where_they_are_cut(whole: list[bytes], size: int) -> None:
    text = b"".join(line + b"\n" for line in whole)
    chunks = [text[start : start + size] for start in range(0, len(text), size)]

    assert split(*chunks) == whole
