import pytest

from controller.cli import toolarguments
from controller.errors import UsageError

SCHEMA = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "lines": {"type": "integer", "default": 3, "description": "How many"},
        "tone": {"enum": ["kind", "brief"]},
    },
    "required": ["title"],
}


@pytest.mark.parametrize(
    ("given", "named", "expected"),
    [
        pytest.param("", ["title=42", "lines=2"], {"title": "42", "lines": 2}, id="by-type"),
        pytest.param("", ["title=[x", "lines=x"], {"title": "[x", "lines": "x"}, id="no-json"),
        pytest.param(
            '{"title": "a", "lines": 1}', ["lines=4"], {"title": "a", "lines": 4}, id="names-win"
        ),
    ],
)
def test_arguments_are_read(given: str, named: list[str], expected: dict[str, object]) -> None:
    assert toolarguments.read(given, named, SCHEMA) == expected


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({}, "'title' is missing"),
        ({"titel": "a"}, "no argument 'titel' (did you mean 'title'?); 'title' is missing"),
        ({"title": "a", "lines": "b"}, 'lines: "b" is not of type "integer"'),
        ({"title": "a", "tone": "loud"}, 'tone: "loud" is not one of'),
    ],
)
def test_what_a_tool_does_not_take_is_refused(arguments: dict[str, object], problem: str) -> None:
    with pytest.raises(UsageError) as refused:
        toolarguments.check("save", arguments, SCHEMA)

    assert problem in refused.value.message
    assert refused.value.remedy.splitlines() == [
        "It takes:",
        "  title  string  (needed)",
        "  lines  integer  (optional, else 3)  How many",
        "  tone  kind|brief  (optional)",
    ]


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({}, id="no-schema"),
        pytest.param({**SCHEMA, "additionalProperties": True}, id="open"),
        pytest.param({"properties": {"more": {"$ref": "http://127.0.0.1:1/x"}}}, id="elsewhere"),
    ],
)
def test_what_is_not_known_is_left_to_the_server(schema: dict[str, object]) -> None:
    toolarguments.check("save", {"title": "a", "more": 1} if "required" in schema else {}, schema)


def test_a_schema_in_a_line() -> None:
    assert toolarguments.described(SCHEMA) == (
        "title: string, lines: integer (optional), tone: kind|brief (optional)"
    )
