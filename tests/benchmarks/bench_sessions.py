"""Session store: what an append, a list and a streamed answer cost at 10,000 sessions.

python tests/benchmarks/bench_sessions.py [--sessions 10000]
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from controller.state.documents import Documents
from controller.state.sessions import Session, Sessions, Wanted
from controller.state.tasks import Tasks

EVENT = json.dumps(
    {
        "author": "agent",
        "content": {"role": "model", "parts": [{"text": "hello " * 20}]},
        "usage_metadata": {"prompt_token_count": 3},
        "padding": "x" * 2500,
    }
)
TASK = {"id": "t", "contextId": "c", "status": {"state": "working"}, "history": ["x" * 5000]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=10_000)
    count = parser.parse_args().sessions
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        _measure(Path(folder), count)


def _measure(folder: Path, count: int) -> None:
    print(f"{'case':<44}{'median':>10}{'p99':>10}{'most':>10}{'files':>8}")
    with Documents(folder) as documents:
        sessions = Sessions(documents, lambda: datetime.now(UTC))
        tasks = Tasks(documents, sessions, lambda: datetime.now(UTC))
        for number in range(count):
            made = sessions.create(_session(number))
            sessions.append(made, [(f"e{item}", EVENT) for item in range(3)])
        held = sessions.list(Wanted())
        spread = [held[number * len(held) // 1000] for number in range(1000)]

        def show(case: str, times: int, fn: Callable[[int], object]) -> None:
            before = documents.writes
            took = sorted(_timed(fn, number) for number in range(times))
            shown = (statistics.median(took), took[-1 - times // 100], took[-1])
            cells = "".join(f"{value * 1000:>7.2f} ms" for value in shown)
            print(f"{case:<44}{cells}{documents.writes - before:>8}")

        show("append an event, 1,000 sessions in turn", 1000,
             lambda n: sessions.append(spread[n], [(f"n{n}", EVENT)]))  # fmt: skip
        show("append an event, one session, 5,000 times", 5000,
             lambda n: sessions.append(held[0], [(f"m{n}", EVENT)]))  # fmt: skip
        show("store a task, 400 partial updates of one", 400,
             lambda _: tasks.put(TASK, owner=held[0], is_partial=True))  # fmt: skip
        show("list all", 20, lambda _: sessions.list(Wanted()))
        show("search", 20, lambda _: sessions.list(Wanted(text="hello user-7")))
    started = time.perf_counter()
    with Documents(folder) as documents:
        print(f"open {len(documents.heads('sessions'))}: {time.perf_counter() - started:.2f} s")


def _session(number: int) -> Session:
    return Session(
        id=f"s{number}",
        user=f"user-{number % 50}",
        agent=f"agents__NS__a{number % 20}",
        name="hello",
    )


def _timed(fn: Callable[[int], object], number: int) -> float:
    started = time.perf_counter()
    fn(number)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
