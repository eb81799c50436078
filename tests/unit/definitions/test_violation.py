import pytest

from controller.definitions.catalog import Document, Path
from controller.definitions.findings import DefinitionId, Position, Severity
from controller.definitions.violation import Violation, dotted, finding


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), "the document"),
        (("spec",), "spec"),
        (("spec", "tools", 0, "name"), "spec.tools[0].name"),
        (("metadata", "labels", "a.b/c"), 'metadata.labels["a.b/c"]'),
    ],
)
def test_a_path_is_written_as_people_do(path: Path, expected: str) -> None:
    assert dotted(path) == expected


def test_a_finding_has_the_place_of_its_path() -> None:
    document = Document(
        file="f.yaml", index=0, data={}, positions={(): (1, 1), ("spec", "a"): (7, 3)}
    )
    violation = Violation(
        rule="r", path=("spec", "a", "b"), message="m", remedy="n", severity=Severity.WARNING
    )
    agent = DefinitionId("Agent", "n", "a")

    found = finding(violation, document, agent)

    assert found.position == Position("f.yaml", 7, 3)
    assert found.definition == agent
    assert str(found) == "f.yaml:7:3: warning: m [r]"
