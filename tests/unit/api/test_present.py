from typing import Any

import pytest

from controller.api import present
from controller.state.records import ObjectResult
from tests.unit.api.conftest import operation

CORRECTED = tuple(
    ObjectResult(key=f"apps/Deployment agents/{name}", action="update", status="Synced")
    for name in ("triage", "writer", "oncall")
)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"message": "Add triage"}, "Add triage", id="commit"),
        pytest.param({"message": "", "revision": "c" * 40}, "Revision ccccccc", id="no-message"),
        pytest.param(
            {"initiated_by": "self-heal", "objects": CORRECTED[:1]},
            "Correct Deployment triage",
            id="one-object-corrected",
        ),
        pytest.param(
            {"initiated_by": "self-heal", "objects": CORRECTED},
            "Correct Deployment triage and 2 more",
            id="objects-corrected",
        ),
        pytest.param({"initiated_by": "self-heal", "objects": ()}, "Correct drift", id="running"),
    ],
)
def test_an_operation_is_titled_by_what_it_was_about(given: dict[str, Any], expected: str) -> None:
    assert present.title(operation(9, **given)) == expected
