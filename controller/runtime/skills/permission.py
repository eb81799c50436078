"""Whether the agent may run commands of its skills, and whether they can be confined here.

Skills bring commands with them, as in kagent; the agent's definition may have a person approve each
one, or forbid them. Where the kernel cannot confine them they are not run: a skill that was fetched
from somewhere would otherwise read the agent's token and keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.errors import PermanentError
from controller.runtime.skills import confine

COMMANDS = "ROSTER_SKILL_COMMANDS"
UNCONFINED = "ROSTER_SKILL_COMMANDS_UNCONFINED"
_CHOICES = ("enabled", "approval", "disabled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """What an agent may run."""

    choice: str = "enabled"
    obstacle: str = ""
    """Why commands cannot be confined here; empty where they can, or need not be."""
    is_confined: bool = True

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Permission":
        """What the definition says, and what the machine can do.

        Raises:
            PermanentError: a value is none of those that there are; names the variable.
        """
        choice = environment.get(COMMANDS) or "enabled"
        if choice not in _CHOICES:
            raise PermanentError(
                f"{COMMANDS} is {choice!r}.", remedy=f"Set it to {', '.join(_CHOICES)}."
            )
        is_confined = environment.get(UNCONFINED) != "true"
        obstacle = confine.unavailable() if is_confined else ""
        return cls(choice=choice, obstacle=obstacle, is_confined=is_confined)

    @property
    def runs_commands(self) -> bool:
        """Whether there is a tool for commands at all."""
        return self.choice != "disabled" and not self.obstacle

    @property
    def needs_approval(self) -> bool:
        """Whether a person has to say yes to each command."""
        return self.choice == "approval"

    def text(self) -> str:
        """In a few words, for whoever looks after the agent."""
        if self.choice == "disabled" or not self.obstacle:
            return self.choice if self.is_confined else f"{self.choice}, unconfined"
        return (
            f"not run: {self.obstacle}; set {UNCONFINED} to true if the skills are to be trusted"
            " with all that the agent can read"
        )
