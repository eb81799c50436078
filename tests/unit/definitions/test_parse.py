import json
import re
import time

import orjson
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.definitions.agent import AgentSpec
from controller.definitions.findings import DefinitionId, Severity
from controller.definitions.kinds import SPECS
from controller.definitions.parse import Parsed, is_definition_file, parse
from controller.definitions.resolve import resolve

CONFIG = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
AGENT = b"""apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {name: a}
spec:
  declarative: {modelConfig: m, systemMessage: Hello}
status: {ready: true}
"""


def read(content: bytes) -> Parsed:
    return parse({"f.yaml": content}, namespace="team")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("agents/a.yaml", True),
        ("a.yml", True),
        ("a.json", False),
        ("a.yaml.j2", False),
        (".github/workflows/ci.yaml", False),
        ("agents/.drafts/a.yaml", False),
        (".hidden.yaml", False),
        ("roster.yaml", False),
        ("settings/roster.yml", False),
    ],
)
def test_only_visible_yaml_files_are_read(path: str, *, expected: bool) -> None:
    assert is_definition_file(path) is expected


def test_an_agent_has_its_spec_and_its_metadata() -> None:
    (definition,) = read(AGENT).definitions

    assert definition.id == DefinitionId("Agent", "team", "a")
    assert isinstance(definition.spec, AgentSpec)
    assert not definition.is_plain
    assert definition.metadata == {"name": "a"}


def test_a_manifest_is_passed_through_as_it_is() -> None:
    (definition,) = read(CONFIG + b"data: {key: value}\n").definitions

    assert definition.is_plain
    assert definition.document.data == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a"},
        "data": {"key": "value"},
    }


def test_what_only_the_server_sets_is_left_out() -> None:
    exported = b"apiVersion: v1\nkind: Service\nmetadata: {name: a, uid: x}\nstatus: {}\n"

    (definition,) = read(exported).definitions

    assert definition.document.data == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "a"},
    }


def test_a_null_creation_timestamp_is_no_finding() -> None:
    """`kubectl create --dry-run=client -o yaml` writes it."""
    generated = (
        b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  creationTimestamp: null\n  name: a\n"
    )

    assert read(generated).findings == ()


def test_a_byte_order_mark_is_passed_over() -> None:
    assert len(read(b"\xef\xbb\xbf" + CONFIG).definitions) == 1


def test_windows_line_ends_are_read() -> None:
    parsed = read(CONFIG.replace(b"\n", b"\r\n") + b"data: {a: 1}\r\n")

    assert [str(finding.position) for finding in parsed.findings] == ["f.yaml:4:8"]


def test_an_unchanged_file_is_not_read_again() -> None:
    first = read(AGENT).definitions[0]

    assert read(AGENT).definitions[0] is first
    assert parse({"g.yaml": AGENT}, namespace="team").definitions[0].document.file == "g.yaml"
    assert parse({"f.yaml": AGENT}, namespace="other").definitions[0].id.namespace == "other"


def test_a_broken_document_hides_no_other() -> None:
    parsed = parse(
        {"a.yaml": CONFIG + b"---\n[\n---\n" + AGENT, "b.yaml": b"\xff", "c.yaml": CONFIG},
        namespace="team",
    )

    assert [definition.id.kind for definition in parsed.definitions] == [
        "ConfigMap",
        "Agent",
        "ConfigMap",
    ]
    errors = [finding.rule for finding in parsed.findings if finding.severity is Severity.ERROR]
    assert errors == ["invalid-yaml", "not-utf8"]


def test_a_file_that_is_too_large_is_not_read() -> None:
    parsed = read(b"#" * 5_000_000)

    assert [finding.rule for finding in parsed.findings] == ["too-large"]


def test_the_items_of_a_list_are_definitions_with_their_own_places() -> None:
    listing = b"""apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata:
      name: a
  - apiVersion: v1
    kind: ConfigMapList
    items:
      - apiVersion: v1
        kind: ConfigMap
        metadata:
          name: b
  - text
"""

    parsed = read(listing)

    places = {
        definition.id.name: definition.document.position(("metadata", "name")).line
        for definition in parsed.definitions
    }
    assert places == {"a": 7, "b": 14}
    assert [(f.rule, f.position.line) for f in parsed.findings] == [("not-kubernetes", 15)]


def test_other_yaml_is_warned_of() -> None:
    parsed = parse({"kustomization.yaml": b"resources: [a.yaml]\n"}, namespace="team")

    (finding,) = parsed.findings
    assert finding.severity is Severity.WARNING
    assert "kustomize" in finding.remedy


def test_a_secret_value_is_in_no_finding() -> None:
    secret = b"""apiVersion: v1
kind: Secret
metadata: {name: a}
data: {key: hunter2!}
stringData: {pin: 48151623}
---
apiVersion: kagent.dev/v1alpha2
kind: ModelConfig
metadata: {name: a}
spec:
  model: gpt
  defaultHeaders: {X-Api-Key: 48151623}
"""
    parsed = read(secret)

    assert len(parsed.findings) >= 4
    text = " ".join(f"{finding} {finding.remedy}" for finding in parsed.findings)
    assert "hunter2" not in text
    assert "48151623" not in text


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_exception(content: bytes) -> None:
    resolve(read(content))


def schema_text(model: type[pydantic.BaseModel]) -> str:
    return json.dumps(model.model_json_schema())


FIELDS = sorted(
    {field for model in SPECS.values() for field in re.findall(r'"(\w+)":', schema_text(model[1]))}
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["a", "Agent", "{{include", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(FIELDS),
            inner,
            max_size=5,
        )
    ),
    max_leaves=30,
)


@given(st.sampled_from(["Agent", "ModelConfig", "RemoteMCPServer", "MCPServer"]), VALUES, VALUES)
def test_definitions_of_any_shape_are_read_without_an_exception(
    kind: str, spec: object, metadata: object
) -> None:

    version = "v1alpha1" if kind == "MCPServer" else "v1alpha2"
    document = {"apiVersion": f"kagent.dev/{version}", "kind": kind, "spec": spec}
    for described in (metadata, {"name": "a"}):
        try:
            content = orjson.dumps({**document, "metadata": described})
        except TypeError:  # A number of more than 64 bits.
            continue
        resolve(read(content))


def test_a_thousand_agents_are_read_in_well_under_two_seconds() -> None:
    files = {
        f"{number}.yaml": AGENT.replace(b"name: a", f"name: a{number}".encode())
        for number in range(1000)
    }
    started = time.process_time()

    parsed = parse(files, namespace="speed")

    assert len(parsed.definitions) == 1000
    assert time.process_time() - started < 2


def test_a_file_of_very_many_documents_takes_linear_time() -> None:
    """Each document's findings once cut the whole file again to find their place."""
    started = time.process_time()

    parsed = read(b"---\na: 1\n" * 20_000)

    assert len(parsed.findings) == 20_000
    assert time.process_time() - started < 10
