"""Long histories made short by a model: summaries for the history, facts for the memory."""

import json
from collections.abc import Sequence

from pydantic_ai import direct
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from controller.runtime.models import ConfiguredModel

SUMMARY = """\
Summarise the conversation below so that an assistant can go on with it without having read it.
Keep names, numbers, decisions, open questions and results of tools. Write the summary only."""
FACTS = """\
Below is a conversation. Write down what is worth remembering about its user in later ones:
preferences, decisions, facts with their names and dates, promises. Answer with a JSON list of
short sentences and nothing else; with [] if there is nothing."""
_MAX_CHARACTERS = 200_000
"""Of a transcript; its beginning is left out, because the end matters more."""


async def asked(
    model: ConfiguredModel, instructions: str, messages: Sequence[ModelMessage]
) -> ModelResponse:
    """What a model makes of a conversation."""
    request = ModelRequest(parts=[UserPromptPart(transcript(messages))], instructions=instructions)
    return await direct.model_request(model.model, [request], model_settings=model.settings)


def facts(text: str) -> list[str]:
    """The sentences of a model's list, also when it put something around it."""
    start, end = text.find("["), text.rfind("]")
    try:
        listed = json.loads(text[start : end + 1])
    except ValueError:
        return []
    return [fact.strip() for fact in listed if isinstance(fact, str) and fact.strip()]


def transcript(messages: Sequence[ModelMessage]) -> str:
    """A conversation as text, one line a part."""
    lines = [line for message in messages for part in message.parts if (line := _line(part))]
    return "\n".join(lines)[-_MAX_CHARACTERS:]


def _line(part: object) -> str:
    match part:
        case UserPromptPart(content=content):
            pieces = [content] if isinstance(content, str) else content
            return "User: " + " ".join(piece for piece in pieces if isinstance(piece, str))
        case TextPart(content=content):
            return f"Assistant: {content}" if content else ""
        case ToolCallPart():
            return f"Assistant calls {part.tool_name}: {part.args_as_json_str()}"
        case ToolReturnPart():
            return f"{part.tool_name} answers: {part.model_response_str()}"
        case _:
            return ""
