import pytest

from controller.definitions import scalars


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("true", True),
        ("Yes", True),
        ("on", True),
        ("OFF", False),
        ("no", False),
        ("y", "y"),
        ("nO", "nO"),
        ("0", 0),
        ("-7", -7),
        ("+7", 7),
        ("0644", 420),
        ("0x1F", 31),
        ("-0x10", -16),
        ("0b101", 5),
        ("1_000", 1000),
        ("0o17", "0o17"),
        ("09", 9.0),
        ("1.5", 1.5),
        ("-.5", -0.5),
        ("1e3", 1000.0),
        ("1.", 1.0),
        (".", "."),
        ("-", "-"),
        ("0x", "0x"),
        ("1.2.3", "1.2.3"),
        ("22:22", "22:22"),
        ("2001-01-01", "2001-01-01"),
        ("100m", "100m"),
        ("text", "text"),
        ("9" * 500, "9" * 500),
        ("18446744073709551615", 18446744073709551615),
    ],
    ids=repr,
)
def test_unquoted_text_means_what_kubernetes_takes_it_for(text: str, expected: object) -> None:
    value = scalars.resolve(text)

    assert (value, type(value)) == (expected, type(expected))


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", "18446744073709551616", "1e999"])
def test_numbers_that_json_cannot_carry_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        scalars.resolve(text)
