import pytest

from controller.definitions import durations


@pytest.mark.parametrize(
    ("text", "expected"),
    [("30s", 30), ("1m30s", 90), ("62h", 223200), ("1.5h", 5400), ("5ms", 0.005)],
)
def test_durations_are_read(text: str, expected: float) -> None:
    assert durations.seconds(text) == expected


@pytest.mark.parametrize("text", ["0s", "5s", "3m", "1h30m", "62h", "1m0.5s"])
def test_durations_are_written_as_they_are_read(text: str) -> None:
    assert durations.text(durations.seconds(text)) == text
