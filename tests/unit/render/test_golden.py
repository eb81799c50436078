"""Every field of every kind, rendered and compared with what was reviewed.

`tests/golden/render/inputs/*.yaml` are definitions, `outputs/*.yaml` what they render to, with the
files in Secrets written out as data. After a change on purpose, run
`UPDATE_GOLDEN=1 pytest tests/unit/render/test_golden.py` and read the diff.
"""

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from controller.objects import Manifest

TESTS = Path(__file__).parents[2]
GOLDEN = TESTS / "golden" / "render"
SCHEMA = TESTS / "unit" / "definitions" / "kagent-config.schema.json"
CASES = sorted(path.stem for path in (GOLDEN / "inputs").glob("*.yaml"))
UNKNOWN_TO_KAGENT_ADK = {"model-foundry", "model-foundry-endpoint-from"}


@pytest.mark.parametrize("case", CASES)
def test_renders_as_reviewed(case: str, render: Callable[..., Any]) -> None:
    output = render((GOLDEN / "inputs" / f"{case}.yaml").read_text())
    text = shown(output)
    path = GOLDEN / "outputs" / f"{case}.yaml"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    assert text == path.read_text()


@pytest.mark.parametrize("case", sorted(set(CASES) - UNKNOWN_TO_KAGENT_ADK))
def test_config_is_what_kagents_runtime_takes(case: str, render: Callable[..., Any]) -> None:
    validator = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text()))
    output = render((GOLDEN / "inputs" / f"{case}.yaml").read_text())
    for secret in (item for item in output.objects() if item["kind"] == "Secret"):
        if "config.json" in secret.get("data", {}):
            validator.validate(json.loads(base64.b64decode(secret["data"]["config.json"])))


def test_every_output_has_an_input() -> None:
    outputs = {path.stem for path in (GOLDEN / "outputs").glob("*.yaml")}

    assert outputs == set(CASES)


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
