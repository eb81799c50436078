from typing import Any

import pytest

from controller.diff import changes


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [("a", 1, 2)]),
        ({}, {"a": {"b": 1}}, [("a", None, {"b": 1})]),
        ({"a": None}, {"a": {}}, []),
        ({"a": []}, {}, []),
        ({"a": [1, 2]}, {"a": [1, 3]}, [("a[1]", 2, 3)]),
        ({"a": [1]}, {"a": [1, 2]}, [("a", [1], [1, 2])]),
        (
            {"env": [{"name": "A", "value": "1"}]},
            {"env": [{"name": "B", "value": "2"}, {"name": "A", "value": "3"}]},
            [("env[name=A].value", "1", "3"), ("env[name=B]", None, {"name": "B", "value": "2"})],
        ),
        (
            {"env": [{"name": "A"}, {"name": "B"}]},
            {"env": [{"name": "B"}, {"name": "A"}]},
            [("env", ["A", "B"], ["B", "A"])],
        ),
        (
            {"ports": [{"port": 80, "protocol": "TCP"}, {"port": 80, "protocol": "UDP"}]},
            {"ports": [{"port": 80}, {"port": 80, "protocol": "UDP", "name": "dns"}]},
            [
                ("ports[port=80].protocol", "TCP", None),
                ("ports[port=80,protocol=UDP].name", None, "dns"),
            ],
        ),
        ({"a.b/c": 1}, {"a.b/c": 2}, [("[a.b/c]", 1, 2)]),
    ],
)
def test_changes_are_named_by_readable_paths(before: Any, after: Any, expected: Any) -> None:
    found = changes.between(before, after)

    assert [(one.path, one.before, one.after) for one in found] == expected
