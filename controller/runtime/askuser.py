"""The tool by which an agent asks its user, under kagent's name and with its schema.

A call waits like one that needs approval; the answers come with the approval.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_ai import RunContext, ToolDefinition
from pydantic_ai.exceptions import ApprovalRequired, ToolFailed
from pydantic_ai.toolsets.abstract import AbstractToolset, ToolsetTool
from pydantic_ai.toolsets.external import TOOL_SCHEMA_VALIDATOR

from controller.definitions.owntools import ASK_USER
from controller.runtime.turns import Turn

_DEFINITION = ToolDefinition(
    name=ASK_USER,
    description=(
        "Ask the user one or more questions and wait for the answers. Use it when you need a"
        " clarification, a preference or an explicit confirmation. Each question needs a text."
    ),
    parameters_json_schema={
        "type": "object",
        "properties": {
            "questions": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "properties": {
                        "question": {"type": "string", "description": "What the user is asked."},
                        "choices": {
                            "type": "array",
                            "items": {"type": "string"},
                            "description": "Answers to choose from; leave out for a free answer.",
                        },
                        "multiple": {
                            "type": "boolean",
                            "description": "Whether several choices may be picked; default false.",
                        },
                    },
                    "required": ["question"],
                },
            }
        },
        "required": ["questions"],
    },
)
_WRONG = "ask_user needs `questions`: a list of at least one object with a text as its `question`."


class AskUser(AbstractToolset[Turn]):
    """One tool: `ask_user`."""

    @property
    def id(self) -> str:
        """There is one such toolset in an agent."""
        return ASK_USER

    async def get_tools(self, ctx: RunContext[Turn]) -> dict[str, ToolsetTool[Turn]]:
        """The tool."""
        del ctx
        tool = ToolsetTool(
            toolset=self,
            tool_def=_DEFINITION,
            max_retries=1,
            args_validator=TOOL_SCHEMA_VALIDATOR,
        )
        return {ASK_USER: tool}

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[Turn], tool: ToolsetTool[Turn]
    ) -> Any:
        """Wait for the user, then give the model each question with its answer, as kagent does."""
        del name, tool
        questions: Any = tool_args.get("questions")
        if not _is_usable(questions):
            raise ToolFailed(_WRONG)
        if not ctx.tool_call_approved:
            raise ApprovalRequired
        answers = (ctx.tool_call_metadata or {}).get("answers") or []
        return json.dumps(_answered(questions, answers), ensure_ascii=False)


def _is_usable(questions: Any) -> bool:
    return (
        isinstance(questions, list)
        and bool(questions)
        and all(isinstance(q, Mapping) and str(q.get("question", "")).strip() for q in questions)
    )


def _answered(
    questions: Sequence[Mapping[str, Any]], answers: Sequence[Any]
) -> list[dict[str, Any]]:
    return [
        {"question": asked["question"], "answer": _answer(answers, place)}
        for place, asked in enumerate(questions)
    ]


def _answer(answers: Sequence[Any], place: int) -> Any:
    given = answers[place] if place < len(answers) else None
    return given.get("answer", []) if isinstance(given, Mapping) else []
