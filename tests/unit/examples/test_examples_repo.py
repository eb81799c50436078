"""The examples repository is what it claims to be: valid, complete, and described."""

import json
import re
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from controller.definitions import export, parse, resolve
from controller.render import manifests
from controller.render.options import RenderOptions

REPO = Path(__file__).parents[3] / "examples-repo"
AGENTS = REPO / "agents"
SCHEMA = REPO / ".schemas" / "roster.schema.json"


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*.yaml"))}


def documents(folder: Path) -> list[dict[str, object]]:
    return [doc for text in files(folder).values() for doc in yaml.safe_load_all(text) if doc]


def test_it_has_no_findings_and_everything_renders() -> None:
    catalog = resolve.resolve(parse.parse(files(AGENTS), namespace="agents"))
    options = RenderOptions(application="examples", namespace="agents", agent_image="roster:0.1.0")

    rendered = manifests.render(catalog, options)

    assert catalog.findings == ()
    assert rendered.findings == ()
    assert rendered.blocked == ()


def test_every_agent_is_ready_only_when_it_answers_itself() -> None:
    """What docs/health.md says of agents: the probe asks the process for its card."""
    catalog = resolve.resolve(parse.parse(files(AGENTS), namespace="agents"))
    options = RenderOptions(application="examples", namespace="agents", agent_image="roster:0.1.0")
    probes = {
        manifest["spec"]["template"]["spec"]["containers"][0]["readinessProbe"]["httpGet"]["path"]
        for component in manifests.render(catalog, options).components
        if component.id.kind == "Agent"
        for manifest in component.manifests
        if manifest["kind"] == "Deployment"
    }

    assert probes == {"/.well-known/agent-card.json"}


def test_every_agent_stands_in_the_readme() -> None:
    readme = (REPO / "README.md").read_text()
    agents = [doc["metadata"]["name"] for doc in documents(AGENTS) if doc["kind"] == "Agent"]  # type: ignore[index]  # YAML

    assert len(agents) >= 6
    assert [name for name in agents if f"(agents/{name}.yaml)" not in readme] == []


def test_links_of_the_readme_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (REPO / "README.md").read_text())

    assert [link for link in links if not (REPO / link).exists()] == []


def test_the_schema_is_the_one_that_roster_exports() -> None:
    exported = export.json_schemas()["roster.schema.json"]

    assert json.loads(SCHEMA.read_text()) == exported


@pytest.mark.parametrize(
    "path", sorted(REPO.rglob("*.yaml")), ids=lambda path: str(path.relative_to(REPO))
)
def test_files_name_the_schema_by_a_path_that_exists_and_satisfy_it(path: Path) -> None:
    text = path.read_text()
    validator = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text()))
    named = re.search(r"\$schema=(\S+)", text)
    own = [doc for doc in yaml.safe_load_all(text) if doc["apiVersion"].startswith("kagent.dev/")]

    assert named is not None or not own
    if named:
        assert (path.parent / named.group(1)).resolve() == SCHEMA
    for document in own:
        validator.validate(document)
