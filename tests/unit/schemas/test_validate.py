from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.schemas import validate

OBJECTS = Path(__file__).parents[1] / "diff" / "objects"


def deployment(**container: Any) -> dict[str, Any]:
    template = {"metadata": {}, "spec": {"containers": [{"name": "main", **container}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "a", "creationTimestamp": None},
        "spec": {"selector": {"matchLabels": {}}, "template": template},
    }


def found(manifest: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (one.rule, ".".join(str(part) for part in one.path)) for one in validate.problems(manifest)
    ]


def test_a_good_object_has_no_problems() -> None:
    manifest = deployment(
        image="a",
        command=None,
        resources={"limits": {"cpu": 1, "memory": "1Gi"}},
        livenessProbe={"httpGet": {"port": "http"}},
        readinessProbe={"httpGet": {"port": 8080}},
    )

    assert found(manifest) == []


@pytest.mark.parametrize("file", sorted(OBJECTS.glob("*.yaml")), ids=lambda file: file.stem)
def test_objects_that_a_server_took_fit(file: Path) -> None:
    for manifest in yaml.safe_load_all(file.read_text()):
        assert found(manifest) == []


def test_everything_that_does_not_fit_is_found() -> None:
    manifest = deployment(imge="x", ports=[{"containerPort": "8080"}, {"name": "http"}])
    manifest["spec"]["replicas"] = "three"

    place = "spec.template.spec.containers.0"
    assert sorted(found(manifest)) == [
        ("missing", f"{place}.ports.1.containerPort"),
        ("type", "spec.replicas"),
        ("type", f"{place}.ports.0.containerPort"),
        ("unknown", f"{place}.imge"),
    ]


def test_the_fields_beside_an_unknown_one_are_told() -> None:
    (problem,) = validate.problems(deployment(imge="x"))

    assert "image" in problem.expected


@pytest.mark.parametrize("api_version", ["demo.example/v1", "apps/v9", ""])
def test_other_kinds_are_left_to_the_server(api_version: str) -> None:
    manifest = {"apiVersion": api_version, "kind": "Deployment", "spec": 1}

    assert not validate.knows(manifest)
    assert validate.problems(manifest) == ()
