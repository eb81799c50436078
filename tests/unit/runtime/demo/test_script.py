"""What the demo model makes of a sentence."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from controller.runtime.demo import script, tools
from controller.runtime.demo.script import Tool, ToolCall, Turn

TOOLS = [
    Tool(name=tool.name, description=tool.description or "", schema=tool.input_schema)
    for tool in asyncio.run(tools.server().list_tools())
]
COLLEAGUE = Tool(
    name="agents__NS__time_keeper",
    description="Tells the time and date in any city.",
    schema={"properties": {"request": {"type": "string"}}, "required": ["request"]},
)


def reply(*said: str | Turn, offered: list[Tool] = TOOLS, verbose: bool = False) -> script.Reply:
    turns = [Turn(role="user", text=turn) if isinstance(turn, str) else turn for turn in said]
    system = Turn(role="system", text="You are a helper. You help.")
    return script.reply([system, *turns], offered, verbose=verbose)


@pytest.mark.parametrize(
    ("sentence", "name", "arguments"),
    [
        ("What is (2+3)*4?", "calculate", {"expression": "(2+3)*4"}),
        ("What time is it in Tokyo?", "current_time", {"timezone": "Asia/Tokyo"}),
        (
            "Convert 15:30 from Berlin to New York",
            "convert_time",
            {
                "time": "15:30",
                "from_timezone": "Europe/Berlin",
                "to_timezone": "America/New_York",
            },
        ),
        ("Count the words of: Hello there.", "text_statistics", {"text": "Hello there."}),
        ("Save a note called todo: buy milk", "save_note", {"title": "todo", "text": "buy milk"}),
        ('Delete the note "todo"', "delete_note", {"title": "todo"}),
        ("List my notes", "list_notes", {}),
    ],
)
def test_a_sentence_becomes_a_call(sentence: str, name: str, arguments: Mapping[str, Any]) -> None:
    assert reply(sentence) == ToolCall(name=name, arguments=arguments)


def test_a_result_is_put_into_the_answer() -> None:
    assert reply("calculate 6*7", Turn(role="tool", text="42", tool="calculate")) == "calculate: 42"


def test_steps_are_taken_one_after_the_other_and_build_on_each_other() -> None:
    asked = 'Calculate 6*7, then save it as note "answer"'
    calculated = Turn(role="tool", text="42", tool="calculate")
    saved = Turn(role="tool", text="Saved.", tool="save_note")

    assert reply(asked) == ToolCall(name="calculate", arguments={"expression": "6*7"})
    assert reply(asked, calculated) == ToolCall(
        name="save_note", arguments={"title": "answer", "text": "42"}
    )
    assert reply(asked, calculated, saved) == (
        "Here is what I did:\n1. calculate: 42\n2. save note: Saved."
    )


def test_a_missing_argument_is_asked_for() -> None:
    assert reply("save a note") == (
        "I would use save note for that, but I do not see its title and text."
    )


def test_a_colleague_that_is_addressed_is_called() -> None:
    said = "ask the time keeper what time it is in Paris"

    assert reply(said, offered=[*TOOLS, COLLEAGUE]) == ToolCall(
        name="agents__NS__time_keeper", arguments={"request": said}
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"result": [1, 2]}', "1, 2"),
        ('{"words": 3, "reading_time": 0.5}', "words 3, reading time 0.5"),
        ("[]", "none"),
        ("plain", "plain"),
    ],
)
def test_json_results_are_read_out(text: str, shown: str) -> None:
    assert reply("list notes", Turn(role="tool", text=text, tool="t")) == f"t: {shown}"


@pytest.mark.parametrize(
    ("sentence", "answer"),
    [
        ("count to 3", "1 2 3"),
        ("What is my name?", "You have not told me."),
        ("what did I say?", "You have said nothing yet."),
        ("hello", "Hello! I am a helper. I have no tools."),
        ("help", "I have no tools."),
    ],
)
def test_small_talk(sentence: str, answer: str) -> None:
    assert reply(sentence, offered=[]) == answer


def test_earlier_turns_are_remembered() -> None:
    first = "My name is Ada"

    assert reply(first, Turn(role="assistant", text="Hi"), "What is my name?", offered=[]) == (
        "Your name is Ada."
    )
    assert reply(first, Turn(role="assistant", text="Hi"), "What did I say?", offered=[]) == (
        "You said: “My name is Ada”"
    )


def test_what_it_does_not_understand_it_says() -> None:
    said = str(reply("colorless green ideas", offered=[]))

    assert said.startswith("I am the scripted demo model and matched no tool")


def test_the_verbose_model_lists_a_single_step() -> None:
    result = Turn(role="tool", text="42", tool="calculate")

    assert reply("calculate 6*7", result, verbose=True) == "Here is what I did:\n1. calculate: 42"


def test_a_conversation_without_a_question_is_greeted() -> None:
    assert "demo model" in str(script.reply([], []))
