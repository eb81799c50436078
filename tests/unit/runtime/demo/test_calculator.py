import pytest

from controller.runtime.demo import calculator


@pytest.mark.parametrize(
    ("expression", "value"),
    [("1+2*3", 7), ("(1+2)*3", 9), ("2^10", 1024), ("-7//2", -4), ("7 % 4", 3), ("+.5*4", 2)],
)
def test_expressions_have_values(expression: str, value: float) -> None:
    assert calculator.evaluate(expression) == value


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("", "no arithmetic expression"),
        ("1+", "no arithmetic expression"),
        ("1/0", "has no value"),
        ("9^9^9", "power is too large"),
        ("9999999^2", "power is too large"),
        ("(-8)^0.5", "no real number"),
        ("__import__('os')", "Only numbers"),
        ("True+1", "Only numbers"),
        ("1" * 201, "longer than 200"),
    ],
)
def test_everything_else_is_refused(expression: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        calculator.evaluate(expression)
