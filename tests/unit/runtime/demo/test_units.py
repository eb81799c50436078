import pytest

from controller.runtime.demo import units


@pytest.mark.parametrize(
    ("sentence", "answer"),
    [
        ("10 miles in km", "10 miles = 16.0934 km"),
        ("what are 3 lb to kg?", "3 lb = 1.36078 kg"),
        ("70 °F in °C", "70 °f = 21.1111 °c"),
        ("0 kelvin in celsius", "0 kelvin = -273.15 celsius"),
        ("2 gallons into liters", "2 gallons = 7.57082 liters"),
        ("1 kg in km", "I cannot convert kg to km."),
        ("hello", "Ask me for instance: 10 miles in km, 3 lb to kg, 70 °F in °C."),
    ],
)
def test_units_are_converted(sentence: str, answer: str) -> None:
    assert units.answer(sentence) == answer
