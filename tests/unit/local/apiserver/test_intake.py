from dataclasses import replace
from typing import Any

import pytest

from controller.local.apiserver import intake, patches
from controller.local.apiserver.calls import Call
from controller.local.apiserver.errors import ApiError
from controller.local.apiserver.verbs import Verbs


def test_the_text_of_a_secret_becomes_its_data(verbs: Verbs) -> None:
    resource = verbs.registry.by_name("secrets")
    call = Call(resource=resource, namespace="default", manager="me")

    value = intake.decoded(
        call, {"metadata": {}, "stringData": {"a": "b"}}, verbs.type_of(resource)
    )

    assert value["data"] == {"a": "Yg=="}
    assert "stringData" not in value


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"name": "b"}, "the name of the object (b) does not match the name on the URL (a)"),
        ({"namespace": "other"}, "the namespace of the provided object does not match"),
    ],
    ids=["name", "namespace"],
)
def test_an_object_is_where_its_path_says(
    configmaps: Call, metadata: dict[str, Any], message: str
) -> None:
    with pytest.raises(ApiError) as refused:
        intake.place(configmaps, {"metadata": metadata})

    assert refused.value.message.startswith(message)


def test_a_patch_that_is_no_object_is_refused(verbs: Verbs, configmaps: Call) -> None:
    kind = verbs.type_of(configmaps.resource)

    with pytest.raises(ApiError, match="error decoding patch: "):
        intake.patched(patches.MERGE, {}, ["no", "object"], kind)


def test_an_apply_tells_no_owners(verbs: Verbs, configmaps: Call) -> None:
    applied = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"managedFields": []}}
    kind = verbs.type_of(configmaps.resource)

    with pytest.raises(ApiError, match="must be nil"):
        intake.check_applied(replace(configmaps, name="a"), applied, kind, verbs.registry)
