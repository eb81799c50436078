import asyncio
import os
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from controller.local.workloads.kubelet.logs import ContainerLog, Selection, last_text, read_stored


async def _written(log: ContainerLog, *chunks: bytes) -> None:
    stdout, stderr = log.open()
    for chunk in chunks:
        await asyncio.get_running_loop().run_in_executor(None, os.write, stdout, chunk)
    os.close(stdout)
    os.close(stderr)
    await log.close(timeout_s=60)


def _lines(path: Path, **selection: Any) -> list[bytes]:
    return list(read_stored(path, Selection(**selection)))


def _run(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(story())


def test_lines_are_stored_as_container_runtimes_do(tmp_path: Path) -> None:
    path = tmp_path / "main" / "0.log"
    _run(lambda: _written(ContainerLog(path), b"one\ntwo\nrest"))

    parts = [line.split(b" ", 3)[1:] for line in path.read_bytes().splitlines()]
    assert parts == [
        [b"stdout", b"F", b"one"],
        [b"stdout", b"F", b"two"],
        [b"stdout", b"P", b"rest"],
    ]
    assert _lines(path) == [b"one\n", b"two\n", b"rest"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_overlong_line_is_stored_in_parts_and_read_as_one(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    text = b"x" * 50_000
    _run(lambda: _written(ContainerLog(path), text + b"\nnext\n"))

    assert b"".join(_lines(path)) == text + b"\nnext\n"


def test_rotated_log_is_read_across_its_files_and_the_oldest_go(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    log = ContainerLog(path, max_bytes=1000)

    async def story() -> None:
        stdout, stderr = log.open()
        for number in range(200):
            os.write(stdout, b"line %d\n" % number)
            await asyncio.sleep(0)
        os.close(stdout)
        os.close(stderr)
        await log.close(timeout_s=60)
        shown = [line async for line in log.read(Selection())]
        assert shown[-1] == b"line 199\n"
        assert shown == [b"line %d\n" % n for n in range(200 - len(shown), 200)]

    _run(story)
    assert len(list(tmp_path.iterdir())) <= 5


def test_since_leaves_older_lines_out(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    _run(lambda: _written(ContainerLog(path), b"one\n"))

    now = datetime.now(UTC)
    assert _lines(path, since=now - timedelta(hours=1)) == [b"one\n"]
    assert _lines(path, since=now + timedelta(hours=1)) == []


def test_last_text_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    _run(lambda: _written(ContainerLog(path), b"one\ntwo\nthree\n"))

    assert last_text(path, lines=2, size_bytes=8) == "o\nthree\n"
