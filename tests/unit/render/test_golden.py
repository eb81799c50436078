"""Every field of every kind, rendered and compared with what was reviewed.

`tests/golden/render/inputs/*.yaml` are definitions, `outputs/*.yaml` what they render to, with the
files in Secrets written out as data. After a change on purpose, run
`UPDATE_GOLDEN=1 pytest tests/unit/render/test_golden.py` and read the diff.
"""

import base64
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from controller.objects import Manifest

TESTS = Path(__file__).parents[2]
GOLDEN = TESTS / "golden" / "render"
CASES = sorted(path.stem for path in (GOLDEN / "inputs").glob("*.yaml"))
DEFINITIONS = TESTS / "unit" / "definitions"
UNKNOWN_TO_KAGENT_ADK = {"model-foundry", "model-foundry-endpoint-from"}


def fields(schema: dict[str, Any], path: str = "spec") -> Iterator[str]:
    """Give the path of every field of a CRD; Kubernetes' own types are one field each."""
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}.{name}"
        yield from fields(inner, f"{path}.{name}")
    if isinstance(schema.get("items"), dict):
        yield from fields(schema["items"], f"{path}[]")


FIELDS = {
    name.partition("/")[0]: tuple(fields(schema))
    for name, schema in json.loads((DEFINITIONS / "kagent-schemas.json").read_text()).items()
    if "v0.9" not in name and not name.startswith("ModelProviderConfig")
}


def source(case: str) -> str:
    return (GOLDEN / "inputs" / f"{case}.yaml").read_text()


@pytest.mark.parametrize("case", CASES)
def test_renders_as_reviewed(case: str, render: Callable[..., Any]) -> None:
    output = render(source(case))
    text = shown(output)
    path = GOLDEN / "outputs" / f"{case}.yaml"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    assert text == path.read_text()


@pytest.mark.parametrize("case", sorted(set(CASES) - UNKNOWN_TO_KAGENT_ADK))
def test_config_is_what_kagents_runtime_takes(case: str, render: Callable[..., Any]) -> None:
    validator = jsonschema_rs.validator_for(
        json.loads((DEFINITIONS / "kagent-config.schema.json").read_text())
    )
    output = render(source(case))
    for secret in (item for item in output.objects() if item["kind"] == "Secret"):
        if "config.json" in secret.get("data", {}):
            validator.validate(json.loads(base64.b64decode(secret["data"]["config.json"])))


def test_every_output_has_an_input() -> None:
    outputs = {path.stem for path in (GOLDEN / "outputs").glob("*.yaml")}

    assert outputs == set(CASES)


@pytest.mark.parametrize("kind", FIELDS)
def test_every_field_has_a_case(kind: str) -> None:
    """A field of kagent's CRD that no case sets is one that nobody has looked at."""
    documents = (item for case in CASES for item in yaml.safe_load_all(source(case)))
    seen = {path for item in documents if item["kind"] == kind for path in paths(item["spec"])}

    assert set(FIELDS[kind]) - seen == set()


def paths(value: Any, path: str = "spec") -> Iterator[str]:
    """Give the path of every field that a value sets."""
    if isinstance(value, list):
        for item in value:
            yield from paths(item, f"{path}[]")
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{path}.{name}"
            yield from paths(inner, f"{path}.{name}")


def shown(output: Any) -> str:
    """Write everything that was rendered as one readable YAML file."""
    parts = [f"# {finding}" for finding in output.rendered.findings]
    parts += [f"# blocked {id_}: {reason}" for id_, reason in output.rendered.blocked]
    for component in output.rendered.components:
        keep = "" if component.prune else ", not pruned"
        needed = ", ".join(map(str, sorted(component.depends_on)))
        after = f", after {needed}" if needed else ""
        parts.append(f"# {component.id} ({component.position}) wave {component.wave}{keep}{after}")
        parts += [f"---\n{_yaml(item)}".rstrip() for item in component.manifests]
    return "\n".join(parts) + "\n"


def _yaml(manifest: Manifest) -> str:
    shown = dict(manifest)
    files = shown.get("data", {}) if shown["kind"] == "Secret" else {}
    if any(name.endswith(".json") for name in files):
        shown["data"] = {name: _readable(value) for name, value in files.items()}
    return yaml.dump(shown, Dumper=Dumper, sort_keys=False, width=100, allow_unicode=True)


def _readable(value: str) -> Any:
    text = base64.b64decode(value).decode()
    return json.loads(text) if text.startswith("{") else text


class Dumper(yaml.SafeDumper):
    """Writes long texts as blocks and the same list twice rather than as an alias."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    ),
)
