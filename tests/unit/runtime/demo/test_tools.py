"""The demo tools over streamable HTTP, as agents use them."""

import asyncio
from typing import Any

import pytest
from mcp import Client

from controller.runtime.demo import tools


def call(*calls: tuple[str, dict[str, Any]]) -> list[Any]:
    async def called() -> list[Any]:
        async with Client(tools.server()) as client:
            return [await client.call_tool(name, arguments) for name, arguments in calls]

    return asyncio.run(called())


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        ("calculate", {"expression": "6*7"}, "42"),
        (
            "convert_time",
            {"time": "12:00", "from_timezone": "Asia/Tokyo", "to_timezone": "Asia/Seoul"},
            "12:00 in Asia/Tokyo is 12:00 in Asia/Seoul",
        ),
        (
            "convert_time",
            {"time": "23:30", "from_timezone": "Asia/Kolkata", "to_timezone": "Asia/Tokyo"},
            "23:30 in Asia/Kolkata is 03:00 the next day in Asia/Tokyo",
        ),
    ],
)
def test_a_tool_answers(name: str, arguments: dict[str, Any], text: str) -> None:
    (result,) = call((name, arguments))

    assert not result.is_error
    assert result.content[0].text == text


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        ("calculate", {"expression": "1/0"}, "has no value"),
        ("current_time", {"timezone": "Mars/Olympus"}, "no time zone"),
        (
            "convert_time",
            {"time": "25:00", "from_timezone": "UTC", "to_timezone": "UTC"},
            "no time of day",
        ),
        ("read_note", {"title": "x"}, "no note"),
    ],
)
def test_a_mistake_is_a_tool_error_with_a_hint(
    name: str, arguments: dict[str, Any], text: str
) -> None:
    (result,) = call((name, arguments))

    assert result.is_error
    assert text in result.content[0].text


def test_text_statistics_are_structured() -> None:
    (result,) = call(("text_statistics", {"text": "One two. Three!"}))

    assert result.structured_content["words"] == 3
    assert result.structured_content["sentences"] == 2


def test_current_time_names_its_zone() -> None:
    (result,) = call(("current_time", {"timezone": "UTC"}))

    assert result.content[0].text.endswith("UTC")


def test_notes_can_be_changed_and_deleting_is_marked_as_destructive() -> None:
    *_, listed = call(("save_note", {"title": "a", "text": "b"}), ("list_notes", {}))
    annotations = {tool.name: tool.annotations for tool in asyncio.run(tools.server().list_tools())}

    assert listed.structured_content == {"result": ["a"]}
    assert annotations["delete_note"].destructive_hint is True
    assert annotations["read_note"].read_only_hint is True
