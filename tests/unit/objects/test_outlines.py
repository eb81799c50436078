from typing import Any

import pytest

from controller.objects.outlines import outline


def secret(**more: Any) -> dict[str, Any]:
    data = {"token": "c2VjcmV0"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": data, **more}


def test_labels_and_annotations_change_nothing() -> None:
    labelled = secret(metadata={"name": "s", "labels": {"a": "b"}, "resourceVersion": "7"})

    assert outline(secret(), with_values=False) == outline(labelled, with_values=False)


@pytest.mark.parametrize("data", [{"token": "b3RoZXI="}, {"other": "c2VjcmV0"}, {}])
def test_another_value_or_key_is_another_hash(data: dict[str, str]) -> None:
    before, after = (outline(item, with_values=False) for item in (secret(), secret(data=data)))

    assert before.hash != after.hash


def test_values_are_kept_only_where_they_are_needed_and_never_shown() -> None:
    without, with_values = (outline(secret(), with_values=needed) for needed in (False, True))

    assert without.manifest is None
    assert without.keys == {"token"}
    assert with_values.manifest == {"data": {"token": "c2VjcmV0"}}
    assert "c2VjcmV0" not in repr(with_values)


def test_of_a_service_only_its_address_counts() -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s", "annotations": {"kagent.dev/mcp-service-port": "1"}},
        "spec": {"ports": [{"port": 1}], "clusterIP": "10.0.0.1"},
    }
    moved = {**service, "spec": {"ports": [{"port": 1}], "clusterIP": "10.0.0.2"}}

    assert outline(service, with_values=True) == outline(moved, with_values=True)
