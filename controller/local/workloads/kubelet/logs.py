"""Container logs: written in the format of container runtimes, rotated, read back and followed.

A line is `<time> <stdout|stderr> <F|P> <text>`; `P` is a part of a line that was too long (CRI,
`kubelet-cri-logging.md`). The kubelet reads the containers' output itself, because only the reader
can stamp each line and rotate without asking anybody.
"""

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_MAX_BYTES = 10 * 1024 * 1024
_MAX_FILES = 5
"""As the kubelet's defaults `containerLogMaxSize` and `containerLogMaxFiles`."""
_LINE_MAX = 16 * 1024
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Selection:
    """What a reader of a log asks for."""

    follow: bool = False
    timestamps: bool = False
    tail_lines: int | None = None
    since: datetime | None = None
    limit_bytes: int | None = None


class ContainerLog:
    """The log of one run of a container."""

    def __init__(self, path: Path, *, max_bytes: int = _MAX_BYTES) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._size = 0
        self._file: int | None = None
        self._streams: dict[int, _Stream] = {}
        self._changed = asyncio.Event()
        self._drained = asyncio.Event()
        self.is_closed = False

    def open(self) -> tuple[int, int]:
        """Begin, and give the descriptors that the container writes to; the caller closes them."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return self._pipe("stdout"), self._pipe("stderr")

    async def close(self, *, timeout_s: float) -> None:
        """Take what is still in the pipes, and end."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._drained.wait()
        except TimeoutError:
            for descriptor in list(self._streams):
                self._end(descriptor)
        self.is_closed = True
        if self._file is not None:
            os.close(self._file)
            self._file = None
        self._notify()

    async def read(self, selection: Selection) -> AsyncIterator[bytes]:
        """Give the selected lines, and with `follow` those to come until the container ends."""
        left = selection.limit_bytes
        async for line in self._lines(selection):
            if left is not None:
                if left <= 0:
                    return
                line = line[:left]  # noqa: PLW2901 - the last one is cut
                left -= len(line)
            yield line

    async def _lines(self, selection: Selection) -> AsyncIterator[bytes]:
        reader = _Reader(self.path)
        try:
            for stored in _tail(_since(self._stored(reader), selection), selection.tail_lines):
                yield _shown(stored, timestamps=selection.timestamps)
            while selection.follow:
                changed, is_last = self._changed, self.is_closed
                for stored in _since(reader.lines(), selection):
                    yield _shown(stored, timestamps=selection.timestamps)
                if is_last:
                    return
                await changed.wait()
        finally:
            reader.close()

    def _stored(self, reader: "_Reader") -> Iterator[bytes]:
        for number in range(_MAX_FILES - 1, 0, -1):
            rotated = _Reader(_rotated(self.path, number))
            yield from rotated.lines()
            rotated.close()
        yield from reader.lines()

    def _pipe(self, name: str) -> int:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        self._streams[reading] = _Stream(name.encode())
        asyncio.get_running_loop().add_reader(reading, self._receive, reading)
        return writing

    def _receive(self, descriptor: int) -> None:
        try:
            data = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return
        stream = self._streams[descriptor]
        self._write(stream.take(data) if data else stream.rest())
        if not data:
            self._end(descriptor)

    def _end(self, descriptor: int) -> None:
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)
        self._write(self._streams.pop(descriptor).rest())
        if not self._streams:
            self._drained.set()

    def _write(self, lines: list[bytes]) -> None:
        if not lines or self._file is None:
            return
        time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z").encode()
        text = b"".join(time + line for line in lines)
        os.write(self._file, text)
        self._size += len(text)
        if self._size > self._max_bytes:
            self._rotate()
        self._notify()

    def _rotate(self) -> None:
        assert self._file is not None  # noqa: S101 - called from the write to it
        os.close(self._file)
        for number in range(_MAX_FILES - 2, 0, -1):
            if _rotated(self.path, number).exists():
                _rotated(self.path, number).replace(_rotated(self.path, number + 1))
        self.path.replace(_rotated(self.path, 1))
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._size = 0

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def read_stored(path: Path, selection: Selection) -> Iterator[bytes]:
    """Give the selected lines of a log that nobody writes any more."""
    log = _Reader(path)
    for stored in _tail(_since(log.lines(), selection), selection.tail_lines):
        yield _shown(stored, timestamps=selection.timestamps)
    log.close()


def last_text(path: Path, *, lines: int, size_bytes: int) -> str:
    """Give the end of a log, for a termination message."""
    shown = b"".join(read_stored(path, Selection(tail_lines=lines)))
    return shown[-size_bytes:].decode(errors="replace")


class _Stream:
    """Bytes of one descriptor, cut into lines."""

    def __init__(self, name: bytes) -> None:
        self._name = name
        self._partial = b""

    def take(self, data: bytes) -> list[bytes]:
        *lines, self._partial = (self._partial + data).split(b"\n")
        complete = [part for line in lines for part in self._parts(line)]
        while len(self._partial) > _LINE_MAX:
            complete.append(self._line(b"P", self._partial[:_LINE_MAX]))
            self._partial = self._partial[_LINE_MAX:]
        return complete

    def rest(self) -> list[bytes]:
        rest, self._partial = self._partial, b""
        return [self._line(b"P", rest)] if rest else []

    def _parts(self, line: bytes) -> list[bytes]:
        parts = [line[i : i + _LINE_MAX] for i in range(0, len(line), _LINE_MAX)] or [b""]
        return [*(self._line(b"P", part) for part in parts[:-1]), self._line(b"F", parts[-1])]

    def _line(self, tag: bytes, text: bytes) -> bytes:
        return b" %b %b %b\n" % (self._name, tag, text)


class _Reader:
    """Stored lines of a file from where it stopped last; follows the file through a rotation."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("rb") if path.exists() else None

    def lines(self) -> Iterator[bytes]:
        while self._file is not None:
            yield from self._file
            if not self._has_moved():
                return
            yield from self._file
            self.close()
            self._file = self._path.open("rb")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _has_moved(self) -> bool:
        assert self._file is not None  # noqa: S101 - asked while reading it
        try:
            return self._path.stat().st_ino != os.fstat(self._file.fileno()).st_ino
        except FileNotFoundError:
            return False


def _rotated(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def _since(lines: Iterator[bytes], selection: Selection) -> Iterator[bytes]:
    if selection.since is None:
        return lines
    first = selection.since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z").encode()
    return (line for line in lines if line.partition(b" ")[0] >= first)


def _tail(lines: Iterator[bytes], count: int | None) -> Iterator[bytes]:
    return lines if count is None else iter(deque(lines, maxlen=count))


def _shown(stored: bytes, *, timestamps: bool) -> bytes:
    time, _, rest = stored.partition(b" ")
    _, _, rest = rest.partition(b" ")
    tag, _, text = rest.partition(b" ")
    if tag == b"P":
        text = text[:-1]
    return time + b" " + text if timestamps else text


def log_path(folder: Path, container: str, number: int) -> Path:
    """Give the file of a run's log: `number` counts restarts."""
    return folder / "logs" / container / f"{number}.log"


def drop_older(path: Path, number: int) -> None:
    """Keep this run's log and the one before it, which `logs --previous` shows."""
    for stored in path.parent.glob("*.log*") if path.parent.exists() else ():
        if int(stored.name.partition(".")[0]) < number - 1:
            stored.unlink(missing_ok=True)
