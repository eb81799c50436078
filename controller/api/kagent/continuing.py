"""Tokens that say where the next page of a list begins: after a time and a name."""

from controller.api import answers


def encoded(place: tuple[str, str]) -> str:
    """Give a place in a list as a token."""
    return answers.encoded("\n".join(place))


def decoded(token: str) -> tuple[str, str]:
    """Give the place that a token stands for.

    Raises:
        ProblemError: 400, where it is none of ours.
    """
    time, _, name = answers.decoded(token).partition("\n")
    return time, name
