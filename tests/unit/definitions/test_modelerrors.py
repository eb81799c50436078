import pytest

from controller.definitions import modelerrors
from controller.definitions.agent import AgentSpec
from controller.definitions.spec import validate
from controller.definitions.view import View
from controller.definitions.violation import Violation


def only(spec: object) -> Violation:
    _, (violation,) = validate(AgentSpec, View(spec, ("spec",)))
    return violation


@pytest.mark.parametrize(
    ("spec", "rule", "message", "remedy"),
    [
        ({"descripton": "a"}, "unknown-field", "spec.descripton", "Did you mean 'description'?"),
        ({"toolNames": []}, "unknown-field", "spec.toolNames", "spec.declarative.tools.mcpServer"),
        ({"zzz": 1}, "unknown-field", "spec.zzz", "Remove it, or use one of the fields here"),
        ({"description": 1}, "wrong-type", "the number 1", 'in quotes, as it stands: "1"'),
        ({"description": True}, "wrong-type", "is true", "yes, no, on, off"),
        ({"description": None}, "wrong-type", "empty (null)", "Give it a value"),
        ({"description": ["a"]}, "wrong-type", "a list", "single text"),
        ({"declarative": "a"}, "wrong-type", "the text 'a'", "'key: value' lines"),
        ({"declarative": []}, "wrong-type", "a list", "without '- '"),
        ({"declarative": {"tools": {}}}, "wrong-type", "a mapping", "starts with '- '"),
        ({"declarative": {"stream": 1}}, "wrong-type", "the number 1", "true or false"),
        (
            {"declarative": {"deployment": {"replicas": "2"}}},
            "wrong-type",
            "the text '2'",
            "without quotes",
        ),
        (
            {"declarative": {"deployment": {"replicas": True}}},
            "wrong-type",
            "is true",
            "whole number",
        ),
        (
            {"declarative": {"deployment": {"replicas": 1.5}}},
            "wrong-type",
            "the number 1.5",
            "whole number",
        ),
        (
            {"declarative": {"deployment": {"replicas": -1}}},
            "out-of-bounds",
            "0 or more",
            "it is -1",
        ),
        ({"declarative": {"runtime": "pyton"}}, "wrong-value", "'pyton'", "mean 'python'?"),
        ({"declarative": {"runtime": "rust"}}, "wrong-value", "'rust'", "go or python"),
        ({"declarative": {"memory": {}}}, "missing-field", "modelConfig is missing", "embedding"),
        ({"skills": {"refs": []}}, "out-of-bounds", "1 or more entries", "Change"),
        ({"declarative": {"tools": [{}] * 21}}, "out-of-bounds", "20 or fewer entries", "Change"),
        ({"byo": {"deployment": {"image": ""}}}, "out-of-bounds", "1 or more characters", "Change"),
        ({"iconUrl": "icon"}, "wrong-format", "an address", "Correct"),
        (
            {"skills": {"s3Refs": [{"uri": "bucket"}]}},
            "wrong-format",
            "an address in S3",
            "Correct",
        ),
        (
            {"declarative": {"deployment": {"labels": {"a": 1}}}},
            "wrong-type",
            "labels.a must be a text",
            "in quotes",
        ),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(value)[:60],
)
def test_an_error_says_what_is_expected_and_found(
    spec: object, rule: str, message: str, remedy: str
) -> None:
    violation = only(spec)

    assert violation.rule == rule
    assert message in violation.message
    assert remedy in violation.remedy


def test_every_error_of_a_spec_is_told_at_once() -> None:
    spec = {"type": "Byo", "declarative": {"steam": True, "tools": [{"mcpServer": {}}]}}

    _, found = validate(AgentSpec, View(spec, ("spec",)))

    assert [item.rule for item in found] == ["wrong-value", "missing-field", "unknown-field"]


@pytest.mark.parametrize("name", ["apiKeySecretKey", "azureAdToken", "value", "X-Api-Key"])
def test_a_value_that_may_be_secret_is_not_repeated(name: str) -> None:
    violation = modelerrors.wrong_type(("spec", name), "a text", 48151623)

    assert "48151623" not in f"{violation.message}{violation.remedy}"


def test_a_long_text_is_shortened() -> None:
    assert len(modelerrors.describe("x" * 1000)) < 60
