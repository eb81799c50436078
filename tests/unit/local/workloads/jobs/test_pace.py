from typing import Any

import pytest

from controller.local.workloads.jobs import pace


@pytest.mark.parametrize(
    ("spec", "status", "active", "expected"),
    [
        ({"completions": 5, "parallelism": 2}, {}, 0, 2),
        ({"completions": 5, "parallelism": 3}, {"succeeded": 4}, 0, 1),
        ({"parallelism": 3}, {}, 0, 3),
        ({"parallelism": 3}, {"succeeded": 1}, 2, 2),
    ],
    ids=["parallelism", "rest", "queue", "queue-drains"],
)
def test_wanted_pods(spec: Any, status: Any, active: int, expected: int) -> None:
    assert pace.wanted({"spec": spec, "status": status}, active) == expected
