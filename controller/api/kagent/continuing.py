"""Tokens that say where the next page of a list begins: after a time and a name."""

import base64
import binascii

from controller.api.problems import ProblemError


def encoded(place: tuple[str, str]) -> str:
    """Give a place in a list as a token."""
    return base64.urlsafe_b64encode("\n".join(place).encode()).decode()


def decoded(token: str) -> tuple[str, str]:
    """Give the place that a token stands for.

    Raises:
        ProblemError: 400, where it is none of ours.
    """
    try:
        time, _, name = (
            base64.b64decode(token, altchars=b"-_", validate=True).decode().partition("\n")
        )
    except (binascii.Error, ValueError) as error:
        raise ProblemError(
            400,
            "BadRequest",
            "continue: this is not a token that the API gave.",
            remedy="Start again without it.",
        ) from error
    return time, name
