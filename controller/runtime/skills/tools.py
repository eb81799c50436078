"""The tools by which a model uses skills; names, arguments and answers are those of kagent-adk.

What there is stands in the description of `skills`; a skill's text is read by calling it, and its
other files by `read_file`. Where commands may be run, `bash` runs them, and files can be written
that belong to the conversation.
"""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.exceptions import ApprovalRequired, ToolFailed
from pydantic_ai.toolsets.abstract import AbstractToolset, ToolsetTool
from pydantic_ai.toolsets.external import TOOL_SCHEMA_VALIDATOR

from controller.definitions.owntools import BASH, READ_FILE, SKILLS, WRITE_FILE
from controller.runtime.limits import Limits
from controller.runtime.skills import catalog, files, offers
from controller.runtime.skills.commands import Commands, Outcome
from controller.runtime.skills.permission import Permission
from controller.runtime.skills.workspace import PathError, Workspace
from controller.runtime.turns import Turn

_log = logging.getLogger(__name__)


class SkillTools(AbstractToolset[Turn]):
    """`skills` and `read_file`; with commands also `bash`, `write_file` and `edit_file`."""

    def __init__(self, folder: Path, permission: Permission, *, limit_s: float) -> None:
        self._catalog = catalog.read(folder)
        self._permission = permission
        self._workspace = Workspace(folder)
        self._commands = Commands(folder, limit_s=limit_s, is_confined=permission.is_confined)
        self._offered = offers.of(self._catalog, permission, limit_s=limit_s)
        for name, problem in self._catalog.problems.items():
            _log.warning("skill_unusable", extra={"skill": name, "reason": problem})

    @classmethod
    def from_environment(
        cls, folder: str, environment: Mapping[str, str], limits: Limits
    ) -> "SkillTools":
        """The skills in a folder, with what the agent may run of them.

        Raises:
            PermanentError: what commands are permitted is set to something unknown.
        """
        permission = Permission.from_environment(environment)
        return cls(Path(folder), permission, limit_s=limits.command_s)

    @property
    def id(self) -> str:
        """There is one such toolset in an agent."""
        return "skills"

    def state(self) -> dict[str, Any]:
        """What there is and what cannot be used, for whoever looks after the agent."""
        return {
            "available": sorted(self._catalog.skills),
            "unusable": dict(self._catalog.problems),
            "commands": self._permission.text(),
        }

    async def get_tools(self, ctx: RunContext[Turn]) -> dict[str, ToolsetTool[Turn]]:
        """The tools that the agent may use."""
        del ctx
        return {
            definition.name: ToolsetTool(
                toolset=self,
                tool_def=definition,
                max_retries=1,
                args_validator=TOOL_SCHEMA_VALIDATOR,
            )
            for definition in self._offered
        }

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[Turn], tool: ToolsetTool[Turn]
    ) -> Any:
        """Read, write or run something; what goes wrong is told to the model."""
        del tool
        if name == BASH:
            return await self._run(offers.text(tool_args, "command"), ctx)
        if name == SKILLS:
            return await asyncio.to_thread(self._open, offers.text(tool_args, "command"))
        return await asyncio.to_thread(self._use_file, name, tool_args, ctx.deps)

    def close(self) -> None:
        """Remove the conversations' files."""
        self._workspace.close()

    def _open(self, name: str) -> str:
        skill = self._catalog.skills.get(name.strip().removeprefix("/skills/").strip("/"))
        if skill is None:
            known = ", ".join(sorted(self._catalog.skills)) or "none"
            raise ToolFailed(f"There is no skill {name!r}; there are: {known}.")
        try:
            text = skill.text()
        except catalog.SkillError as error:
            raise ToolFailed(f"The skill {name!r} cannot be used: {error}.") from error
        listed = "".join(f"\n- skills/{skill.name}/{path}" for path in skill.files())
        return f"{text.rstrip()}\n\nFiles of this skill:{listed}" if listed else text

    def _use_file(self, name: str, arguments: Mapping[str, Any], turn: Turn) -> str:
        path = offers.text(arguments, "file_path")
        try:
            place = self._workspace.place(turn, path)
            if name == READ_FILE:
                return files.read(place, arguments.get("offset"), arguments.get("limit"))
            if name == WRITE_FILE:
                return files.write(place, str(arguments.get("content") or ""))
            return files.edit(
                place,
                offers.text(arguments, "old_string"),
                str(arguments.get("new_string") or ""),
                everywhere=bool(arguments.get("replace_all")),
            )
        except (PathError, files.FileError) as error:
            raise ToolFailed(str(error)) from error
        except ValueError as error:  # a NUL, or half of a surrogate pair
            raise ToolFailed(f"{path!r} cannot be the name of a file: {error}.") from error
        except OSError as error:
            raise ToolFailed(f"{path}: {error.strerror or error}.") from error

    async def _run(self, command: str, ctx: RunContext[Turn]) -> str:
        if self._permission.needs_approval and not ctx.tool_call_approved:
            raise ApprovalRequired
        turn = ctx.deps
        folder = await asyncio.to_thread(self._workspace.folder, turn)
        try:
            outcome = await self._commands.run(command, folder)
        except OSError as error:
            raise ToolFailed(f"The command could not be started: {error.strerror}.") from error
        _log.info("command_ended", extra={"context": turn.context_id, "code": outcome.code})
        return _told(outcome)


def _told(outcome: Outcome) -> str:
    """A command's outcome in kagent's words."""
    said = "\n".join(text for text in (outcome.output.strip(), outcome.errors.strip()) if text)
    if outcome.code is None:
        raise ToolFailed(f"The command took too long and was ended.\n{said}".strip())
    if outcome.code != 0:
        raise ToolFailed(f"Command failed with exit code {outcome.code}:\n{said}".strip(":\n"))
    return said or "Command completed successfully."
