"""How the tools of skills are described to a model."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from pydantic_ai import ToolDefinition
from pydantic_ai.exceptions import ToolFailed

from controller.definitions.owntools import BASH, EDIT_FILE, READ_FILE, SKILLS, WRITE_FILE
from controller.runtime.skills.catalog import Catalog
from controller.runtime.skills.permission import Permission

_HOW = """Opens a skill: instructions for a kind of task, with what belongs to them.

When one of the skills below fits what you are asked, open it before you begin, with its name as \
`command`, and follow its text. Do not open it a second time in the same conversation. Its other \
files are below skills/NAME/ and can be read with read_file."""
_NO_COMMANDS = " Scripts of skills cannot be run here: read them, and do what you can without."
_WITH_COMMANDS = " Its scripts are run with bash."
_READ = """Reads a text file, with the numbers of its lines: one of a skill, as skills/NAME/FILE, \
or one below the working folder."""
_WRITE = "Writes a text file below the working folder, anew if it is there. Skills are read-only."
_EDIT = """Replaces an exact text in a file below the working folder. The text must occur once, \
unless replace_all is set; read the file before."""
_BASH = """Runs a shell command in the working folder of this conversation, where skills/ leads to \
the skills (read-only). There is no network and no input; a command is ended after {limit:g} s."""
_PATH = "Path of the file, relative to the working folder."


def of(catalog: Catalog, permission: Permission, *, limit_s: float) -> Sequence[ToolDefinition]:
    """Describe the tools that an agent with these skills has."""
    offered = [_skills(catalog, permission), _definition(READ_FILE, _READ, _READ_ARGUMENTS)]
    if permission.runs_commands:
        offered += [
            _definition(WRITE_FILE, _WRITE, _WRITE_ARGUMENTS),
            _definition(EDIT_FILE, _EDIT, _EDIT_ARGUMENTS),
            _definition(BASH, _BASH.format(limit=limit_s), _BASH_ARGUMENTS),
        ]
    return offered


def text(arguments: Mapping[str, Any], name: str) -> str:
    """Give an argument that must be there.

    Raises:
        ToolFailed: it is missing or empty.
    """
    value = arguments.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ToolFailed(f"The argument `{name}` is missing.")
    return value


def _skills(catalog: Catalog, permission: Permission) -> ToolDefinition:
    known = "".join(
        f"\n<skill>\n<name>{escape(skill.name)}</name>\n"
        f"<description>{escape(skill.description, quote=False)}</description>\n</skill>"
        for skill in catalog.skills.values()
    )
    way = _WITH_COMMANDS if permission.runs_commands else _NO_COMMANDS
    about = f"{_HOW}{way}\n\n<available_skills>{known}\n</available_skills>"
    name = _text("Name of the skill.")
    if catalog.skills:
        name["enum"] = list(catalog.skills)
    return _definition(SKILLS, about, {"command": name})


def _text(about: str) -> dict[str, Any]:
    return {"type": "string", "description": about}


_READ_ARGUMENTS: Mapping[str, Any] = {
    "file_path": _text(_PATH),
    "offset": {"type": "integer", "description": "Number of the first line, from 1."},
    "limit": {"type": "integer", "description": "How many lines, at most 2000."},
}
_WRITE_ARGUMENTS: Mapping[str, Any] = {
    "file_path": _text(_PATH),
    "content": _text("The whole content of the file."),
}
_EDIT_ARGUMENTS: Mapping[str, Any] = {
    "file_path": _text(_PATH),
    "old_string": _text("The text to replace, exactly."),
    "new_string": _text("What comes in its place."),
    "replace_all": {"type": "boolean", "description": "Replace every occurrence."},
}
_BASH_ARGUMENTS: Mapping[str, Any] = {
    "command": _text("The command; several are joined by &&."),
    "description": _text("What it does, in five to ten words."),
}
_OPTIONAL = frozenset({"offset", "limit", "replace_all", "description"})


def _definition(name: str, about: str, arguments: Mapping[str, Any]) -> ToolDefinition:
    return ToolDefinition(
        name=name,
        description=about,
        parameters_json_schema={
            "type": "object",
            "properties": dict(arguments),
            "required": [argument for argument in arguments if argument not in _OPTIONAL],
        },
    )
