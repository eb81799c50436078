"""Arguments out of a sentence."""

from typing import Any

import pytest

from controller.runtime.demo import arguments


def schema(**properties: Any) -> dict[str, Any]:
    return {"properties": properties, "required": list(properties)}


@pytest.mark.parametrize(
    ("properties", "sentence", "expected"),
    [
        ({"count": {"type": "integer"}}, "take 3 of them", {"count": 3}),
        ({"ratio": {"type": "number"}}, "use -0.5", {"ratio": -0.5}),
        ({"tags": {"type": "array"}}, 'tags "a" and "b"', {"tags": ["a", "b"]}),
        ({"color": {"enum": ["red", "blue"]}}, "make it Blue", {"color": "blue"}),
        ({"branch": {"type": "string"}}, 'on "main"', {"branch": "main"}),
        ({"city": {"type": "string"}}, "in America/Lima", {"city": "America/Lima"}),
        ({"query": {"type": "string"}}, "find this", {"query": "find this"}),
    ],
)
def test_a_property_is_filled_by_its_type_and_name(
    properties: dict[str, Any], sentence: str, expected: dict[str, Any]
) -> None:
    assert arguments.fill(schema(**properties), sentence).arguments == expected


def test_required_properties_without_a_value_are_missing() -> None:
    filled = arguments.fill(schema(count={"type": "integer"}), "none here")

    assert filled.missing == ("count",)


def test_optional_properties_without_a_value_are_left_out() -> None:
    optional = {"properties": {"branch": {"type": "string"}}}

    filled = arguments.fill(optional, 'the "quoted"')

    assert filled.arguments == {}
    assert filled.missing == ()


def test_each_find_is_used_once() -> None:
    numbers = {"width": {"type": "integer"}, "height": {"type": "integer"}}

    assert arguments.fill(schema(**numbers), "3 by 4").arguments == {"width": 3, "height": 4}


def test_a_text_refers_to_the_result_before() -> None:
    text = {"text": {"type": "string"}}

    assert arguments.fill(schema(**text), "count it", previous_result="abc").arguments == {
        "text": "abc"
    }


def test_an_object_cannot_be_filled() -> None:
    assert arguments.fill(schema(options={"type": "object"}), "whatever").missing == ("options",)


def test_zones_come_in_the_sentences_order() -> None:
    assert arguments.timezones("from New York to Berlin and UTC") == (
        "America/New_York",
        "Europe/Berlin",
        "UTC",
    )
