"""The tools by which a model keeps and finds memories, under kagent's names."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic_ai import RunContext, ToolDefinition
from pydantic_ai.exceptions import ToolFailed
from pydantic_ai.toolsets.abstract import AbstractToolset, ToolsetTool
from pydantic_ai.toolsets.external import TOOL_SCHEMA_VALIDATOR

from controller.definitions.owntools import LOAD_MEMORY, SAVE_MEMORY
from controller.errors import RosterError
from controller.runtime.memory.store import Memory
from controller.runtime.turns import Turn


def _definition(name: str, description: str, argument: str, about: str) -> ToolDefinition:
    return ToolDefinition(
        name=name,
        description=description,
        parameters_json_schema={
            "type": "object",
            "properties": {argument: {"type": "string", "description": about}},
            "required": [argument],
        },
    )


_DEFINITIONS: Mapping[str, ToolDefinition] = {
    SAVE_MEMORY: _definition(
        SAVE_MEMORY,
        "Saves a fact, a preference or another piece of information to long-term memory.",
        "content",
        "What is to be remembered.",
    ),
    LOAD_MEMORY: _definition(
        LOAD_MEMORY,
        "Searches the long-term memory of the present user.",
        "query",
        "What the memories should be about.",
    ),
}


class MemoryTools(AbstractToolset[Turn]):
    """`save_memory` and `load_memory`."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    @property
    def id(self) -> str:
        """There is one such toolset in an agent."""
        return "memory"

    async def get_tools(self, ctx: RunContext[Turn]) -> dict[str, ToolsetTool[Turn]]:
        """Both tools."""
        del ctx
        return {
            name: ToolsetTool(
                toolset=self,
                tool_def=definition,
                max_retries=1,
                args_validator=TOOL_SCHEMA_VALIDATOR,
            )
            for name, definition in _DEFINITIONS.items()
        }

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[Turn], tool: ToolsetTool[Turn]
    ) -> Any:
        """Keep something or search for it; a failure is told to the model."""
        del tool
        try:
            if name == SAVE_MEMORY:
                return await self._save(str(tool_args.get("content") or ""), ctx.deps)
            return await self._load(str(tool_args.get("query") or ""), ctx.deps)
        except RosterError as error:
            raise ToolFailed(f"The memory is not available: {error}") from error

    async def _save(self, content: str, turn: Turn) -> str:
        if not content:
            raise ToolFailed(f"{SAVE_MEMORY} needs `content`: the text that is to be remembered.")
        await self._memory.save(
            [content], user_id=turn.owner, session_id=turn.context_id, source="explicit_save"
        )
        return "Saved to long-term memory."

    async def _load(self, query: str, turn: Turn) -> str:
        if not query:
            raise ToolFailed(f"{LOAD_MEMORY} needs `query`: what the memories should be about.")
        found = await self._memory.search(query, user_id=turn.owner)
        return json.dumps(found, ensure_ascii=False)
