"""What skills an agent has, in the form of Agent Skills (agentskills.io/specification).

A skill is a folder with a file SKILL.md, which begins with its name and description in YAML between
two lines of `---`. Those two are all that the model is told before it asks for more.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from controller.runtime.skills import beneath

FILE = "SKILL.md"
MAX_TEXT_BYTES = 128 * 1024
"""Of SKILL.md. The format asks for less than a twentieth: what is longer belongs in other files."""
_MAX_DESCRIPTION = 1024
"""Characters, as the format says; the rest would be paid for in every request to the model."""
_MAX_LISTED = 200
"""Files of a skill that its text is followed by."""
_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t]*$", re.DOTALL | re.MULTILINE)


class SkillError(Exception):
    """A folder is no skill; the message says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """One skill. Its name is that of its folder, which prompts and checks know it by."""

    name: str
    description: str
    folder: Path

    def text(self) -> str:
        """SKILL.md as it is now.

        Raises:
            SkillError: it cannot be read any more.
        """
        return _text(self.folder)

    def files(self) -> list[str]:
        """Other files of the skill, by path inside its folder, in order; the first 200."""
        found = _files(self.folder, "")
        return [path for path, _ in zip(found, range(_MAX_LISTED), strict=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """All skills of an agent."""

    folder: Path
    skills: Mapping[str, Skill] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    """Why a folder is no skill, by its name."""


def read(folder: Path) -> Catalog:
    """Read the names and descriptions of the skills in a folder."""
    skills: dict[str, Skill] = {}
    problems: dict[str, str] = {}
    try:
        inner = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        return Catalog(folder=folder, problems={str(folder): error.strerror or str(error)})
    for path in inner:
        try:
            skills[path.name] = _skill(path)
        except SkillError as error:
            problems[path.name] = str(error)
    return Catalog(folder=folder, skills=skills, problems=problems)


def _skill(folder: Path) -> Skill:
    match = _FRONT_MATTER.match(_text(folder))
    if match is None:
        raise SkillError(f"{FILE} does not begin with YAML between two lines of '---'")
    try:
        fields = yaml.load(match[1], yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError) as error:  # the second for a date that there is not
        problem = " ".join(str(error).split())
        raise SkillError(f"{FILE} does not begin with valid YAML: {problem}") from error
    description = fields.get("description") if isinstance(fields, Mapping) else None
    if not isinstance(description, str) or not description.strip():
        raise SkillError(f"{FILE} has no description")
    short = " ".join(description.split())[:_MAX_DESCRIPTION]
    return Skill(name=folder.name, description=short, folder=folder)


def _text(folder: Path) -> str:
    try:
        content, is_whole = beneath.read(folder, (FILE,), MAX_TEXT_BYTES)
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SkillError(f"{FILE} cannot be read: {reason}") from error
    if not is_whole:
        raise SkillError(f"{FILE} is larger than {MAX_TEXT_BYTES // 1024} KiB")
    return text


def _files(folder: Path, prefix: str) -> Iterator[str]:
    try:
        inner = sorted(folder.iterdir())
    except OSError:
        return
    for path in inner:
        name = f"{prefix}{path.name}"
        if path.is_symlink() or path.name.startswith(".") or name == FILE:
            continue
        if path.is_dir():
            yield from _files(path, f"{name}/")
        elif path.is_file():
            yield name
