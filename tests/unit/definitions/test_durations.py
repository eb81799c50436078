import pytest

from controller.definitions import durations


@pytest.mark.parametrize(
    ("text", "expected"),
    [("30s", 30), ("1m30s", 90), ("62h", 223200), ("1.5h", 5400), ("5ms", 0.005)],
)
def test_durations_are_read(text: str, expected: float) -> None:
    assert durations.seconds(text) == expected
