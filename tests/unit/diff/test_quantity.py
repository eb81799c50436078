import pytest

from controller.diff import quantity


@pytest.mark.parametrize(
    ("one", "other"),
    [("2000m", "2"), ("1024Mi", "1Gi"), ("0.1", "100m"), (1, "1"), ("1e3", "1k"), ("1E", "1000P")],
)
def test_spellings_of_one_quantity_are_equal(one: object, other: object) -> None:
    assert quantity.are_equal(one, other)


@pytest.mark.parametrize(
    ("one", "other"), [("1", "2"), ("1M", "1Mi"), ("x", "x"), ("1x", "1"), (True, "1"), (None, "0")]
)
def test_other_values_are_not(one: object, other: object) -> None:
    assert not quantity.are_equal(one, other)


def test_quantities_stand_in_known_places_only() -> None:
    limits = ("spec", "template", "spec", "containers", "resources", "limits", "cpu")

    assert quantity.holds_quantity(limits)
    assert not quantity.holds_quantity(("data", "limits", "cpu"))
