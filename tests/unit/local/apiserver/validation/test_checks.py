"""The faults that the server finds, in the words of the real one.

`tests/golden/apiserver-faults/*.yaml` has an object without faults per file, and cases that change
fields of it (`set`, by path; `null` takes a field away) and list what is said against that. The
words are those of k8s.io/kubernetes `pkg/apis/*/validation`.
"""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.local.apiserver.calls import Call
from controller.local.apiserver.errors import ApiError
from controller.local.apiserver.verbs import Verbs

FOLDER = Path(__file__).parents[4] / "golden" / "apiserver-faults"


def _cases() -> list[Any]:
    found = []
    for path in sorted(FOLDER.glob("*.yaml")):
        content = yaml.safe_load(path.read_text())
        for name, case in {"fine": {"set": {}, "faults": []}, **content["cases"]}.items():
            body = _changed(content["object"], case["set"])
            expected = case["faults"]
            found.append(
                pytest.param(content["resource"], body, expected, id=f"{path.stem}-{name}")
            )
    return found


def _changed(body: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    whole = copy.deepcopy(body)
    for path, value in fields.items():
        *parents, last = path.split(".")
        place: Any = whole
        for name in parents:
            place = place[int(name)] if isinstance(place, list) else place.setdefault(name, {})
        if value is None:
            del place[last]
        else:
            place[int(last) if isinstance(place, list) else last] = value
    return whole


def _faults(verbs: Verbs, resource: str, body: dict[str, Any]) -> list[str]:
    call = Call(resource=verbs.registry.by_name(resource), namespace="default", manager="me")
    with pytest.raises(ApiError) as refused:
        verbs.create(call, body)
    assert refused.value.code == 422, refused.value.message
    causes = (refused.value.details or {})["causes"]
    return [f"{cause['field']}: {cause['message']}" for cause in causes]


@pytest.mark.parametrize(("resource", "body", "expected"), _cases())
def test_what_is_said_against_an_object(
    verbs: Verbs, resource: str, body: dict[str, Any], expected: list[str]
) -> None:
    if expected:
        assert _faults(verbs, resource, body) == expected
    else:
        call = Call(resource=verbs.registry.by_name(resource), namespace="default", manager="me")
        assert verbs.create(call, body)["metadata"]["name"] == body["metadata"]["name"]
