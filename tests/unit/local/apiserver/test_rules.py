from typing import Any

import pytest

from controller.local.apiserver import rules, schema


def spec_with(*validations: dict[str, Any]) -> schema.Type:
    properties = {"n": {"type": "integer"}, "s": {"type": "string"}}
    spec = {
        "type": "object",
        "properties": properties,
        "x-kubernetes-validations": list(validations),
    }
    return schema.custom_type({"type": "object", "properties": {"spec": spec}})


def found(
    kind: schema.Type, spec: dict[str, Any], before: dict[str, Any] | None = None
) -> list[str]:
    former = None if before is None else {"spec": before}
    return [str(cause) for cause in rules.faults({"spec": spec}, former, kind)]


def test_a_broken_rule_is_told_with_its_message() -> None:
    kind = spec_with({"rule": "self.n < 4 || has(self.s)", "message": "big needs s"})

    assert found(kind, {"n": 4}) == ['spec: Invalid value: "object": big needs s']
    assert found(kind, {"n": 4, "s": "x"}) == []


def test_a_rule_about_the_past_waits_for_one() -> None:
    kind = spec_with({"rule": "self.n >= oldSelf.n", "message": "may not shrink"})

    assert found(kind, {"n": 1}) == []
    assert found(kind, {"n": 1}, before={"n": 2}) == [
        'spec: Invalid value: "object": may not shrink'
    ]


def test_a_message_may_be_an_expression() -> None:
    rule = {"rule": "self.n < 4", "messageExpression": "'n is ' + string(self.n)"}

    assert found(spec_with(rule), {"n": 5}) == ['spec: Invalid value: "object": n is 5']


@pytest.mark.parametrize("rule", ["isURL(self.s)", "self.n <", "self.missing == 1"])
def test_a_rule_that_cannot_be_evaluated_is_passed_over(rule: str) -> None:
    assert found(spec_with({"rule": rule}), {"n": 1, "s": "x"}) == []
