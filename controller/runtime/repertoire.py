"""All tools of an agent as one set, in which no two have one name.

Model APIs refuse two tools of one name, and pydantic-ai fails the turn; kagent's runtime declares
both and calls the last. Here the first one is taken, of sources in the order that `engine` decides,
and the others are hidden: told in the log once, and in `/ready`.

Names get no prefix of their server: prompts, `requireApproval` and evaluations speak of tools by
their names, which must not change because another server came to have a tool.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.toolsets.abstract import AbstractToolset, ToolsetTool

from controller.runtime.turns import Turn

_log = logging.getLogger(__name__)

Toolsets = Sequence[AbstractToolset[Turn]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """Tools that the model does not see."""

    tools: tuple[str, ...]
    source: str
    """Whose they are: the address of a server, or what of the agent's own they belong to."""
    behind: str
    """Whose tools of the same names the model sees."""

    def __str__(self) -> str:
        """Give names and source in one text.

        A name alone is a line of config.json, which is a Secret, so Roster masks it in logs.
        """
        return f"{', '.join(self.tools)} of {self.source}"


class Repertoire(AbstractToolset[Turn]):
    """The tools of all sources, of which the first goes first."""

    def __init__(self, sources: Callable[[], Awaitable[Toolsets]]) -> None:
        self._sources = sources
        self._hidden: tuple[Hidden, ...] = ()

    @property
    def id(self) -> str:
        """There is one in an agent."""
        return "repertoire"

    def hidden(self) -> list[dict[str, Any]]:
        """What the model did not see the last time, for whoever looks after the agent."""
        return [asdict(tools) for tools in self._hidden]

    async def get_tools(self, ctx: RunContext[Turn]) -> dict[str, ToolsetTool[Turn]]:
        """The tools that the agent may use."""
        sources = await self._sources()
        listed = await asyncio.gather(*(source.get_tools(ctx) for source in sources))
        offered: dict[str, ToolsetTool[Turn]] = {}
        for tools in listed:
            offered |= {name: tool for name, tool in tools.items() if name not in offered}
        self._note(_hidden(listed, offered))
        return offered

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[Turn], tool: ToolsetTool[Turn]
    ) -> Any:
        """Have the tool's own source call it."""
        return await tool.toolset.call_tool(name, tool_args, ctx, tool)

    def _note(self, hidden: tuple[Hidden, ...]) -> None:
        for tools in hidden:
            if tools not in self._hidden:
                _log.warning("tools_hidden", extra={"hidden": str(tools), "behind": tools.behind})
        self._hidden = hidden


def _hidden(
    listed: Iterable[Mapping[str, ToolsetTool[Turn]]], offered: Mapping[str, ToolsetTool[Turn]]
) -> tuple[Hidden, ...]:
    found: dict[tuple[str, str], list[str]] = {}
    for tools in listed:
        for name, tool in tools.items():
            if offered[name] is not tool:
                found.setdefault((_source(tool), _source(offered[name])), []).append(name)
    return tuple(
        Hidden(tools=tuple(names), source=source, behind=behind)
        for (source, behind), names in found.items()
    )


def _source(tool: ToolsetTool[Turn]) -> str:
    return tool.toolset.id or tool.toolset.label
