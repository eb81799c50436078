from typing import Any

import pytest

from controller.local.apiserver import decoding, schema

DEPLOYMENT = schema.published().type_of("apps", "v1", "Deployment")
POD = schema.published().type_of("", "v1", "Pod")
SECRET = schema.published().type_of("", "v1", "Secret")
LEASE = schema.published().type_of("coordination.k8s.io", "v1", "Lease")


def pod(**container: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "c", **container}]}}


def decoded_container(**container: Any) -> dict[str, Any]:
    made: dict[str, Any] = decoding.decode(pod(**container), POD)["spec"]["containers"][0]
    return made


def test_fields_that_go_always_writes_are_there() -> None:
    made = decoding.decode({"spec": {}}, DEPLOYMENT)

    template = {"metadata": {}, "spec": {"containers": None}}
    assert made == {"metadata": {}, "spec": {"strategy": {}, "template": template}, "status": {}}


def test_empty_optional_values_vanish_and_pointers_stay() -> None:
    made = decoded_container(
        command=[], stdin=False, image="", securityContext={"privileged": False}
    )

    assert made == {"name": "c", "resources": {}, "securityContext": {"privileged": False}}


def test_quantities_and_times_get_their_canonical_form() -> None:
    limits = {"cpu": "2000m", "memory": "1024Mi"}
    lease = decoding.decode({"spec": {"renewTime": "2026-01-01T01:00:00+01:00"}}, LEASE)

    made = decoded_container(resources={"limits": limits})
    assert made["resources"] == {"limits": {"cpu": "2", "memory": "1Gi"}}
    assert lease["spec"]["renewTime"] == "2026-01-01T00:00:00.000000Z"


def test_unknown_fields_are_reported_by_their_path() -> None:
    report = decoding.Report()

    decoding.decode(pod(bogus=1), POD, report)

    assert report.warnings == ['unknown field "spec.containers[0].bogus"']


@pytest.mark.parametrize(
    ("container", "found", "field", "wanted"),
    [
        ({"image": 1}, "number", "Container.spec.containers.image", "string"),
        ({"tty": "yes"}, "string", "Container.spec.containers.tty", "bool"),
        ({"args": "a"}, "string", "Container.spec.containers.args", "[]string"),
        (
            {"livenessProbe": {"periodSeconds": True}},
            "bool",
            "Probe.spec.containers.livenessProbe.periodSeconds",
            "int32",
        ),
    ],
    ids=["string", "boolean", "list", "integer"],
)
def test_wrong_types_are_told_as_go_tells_them(
    container: dict[str, Any], found: str, field: str, wanted: str
) -> None:
    with pytest.raises(decoding.DecodingError) as refused:
        decoding.decode(pod(**container), POD)

    text = f"json: cannot unmarshal {found} into Go struct field {field} of type {wanted}"
    assert str(refused.value) == text


def test_secrets_hold_base64_only() -> None:
    with pytest.raises(decoding.DecodingError, match="illegal base64 data at input byte 3"):
        decoding.decode({"data": {"a": "not base64"}}, SECRET)
