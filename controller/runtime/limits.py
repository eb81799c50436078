"""What one turn may take, and how long a question to a person stands; set by the environment.

An agent's definition sets them under `deployment.env`, an application for all its agents. What is
not set is not limited, except for the steps, which would otherwise never end, and for approvals,
which would otherwise be kept for good.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from controller.errors import PermanentError

_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one agent."""

    turn_s: float | None = None
    """`ROSTER_TURN_SECONDS`: from the first request to the model to the end of the answer."""
    steps: int = 50
    """`ROSTER_TURN_STEPS`: requests to the model in one turn."""
    tokens: int | None = None
    """`ROSTER_TURN_TOKENS`: of requests and answers of one turn together."""
    approval_s: float = 24 * 3600.0
    """`ROSTER_APPROVAL_SECONDS`: then the call counts as rejected, and the turn goes on."""
    command_s: float = 60.0
    """`ROSTER_COMMAND_SECONDS`: one command of a skill."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Limits":
        """The limits that are set, the defaults for the rest.

        Raises:
            PermanentError: a value is no positive number; names the variable.
        """

        def read(name: str, kind: Callable[[str], _Number], default: _Number) -> _Number:
            text = environment.get(name)
            return default if not text else _positive(name, text, kind)

        usual = cls()
        turn_s = read("ROSTER_TURN_SECONDS", float, 0.0)
        tokens = read("ROSTER_TURN_TOKENS", int, 0)
        return cls(
            turn_s=turn_s or None,
            steps=read("ROSTER_TURN_STEPS", int, usual.steps),
            tokens=tokens or None,
            approval_s=read("ROSTER_APPROVAL_SECONDS", float, usual.approval_s),
            command_s=read("ROSTER_COMMAND_SECONDS", float, usual.command_s),
        )


def _positive(name: str, text: str, kind: Callable[[str], _Number]) -> _Number:
    try:
        number = kind(text)
    except ValueError:
        number = kind("0")
    if not 0 < number < float("inf"):
        raise PermanentError(
            f"{name} is {text!r}.", remedy="Set it to a number above zero, or leave it out."
        )
    return number
