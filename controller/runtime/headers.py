"""Headers that go out with a request: fixed ones, and those passed on from the caller."""

from collections.abc import Iterable, Mapping

from controller.definitions import agentconfig
from controller.errors import PermanentError


def resolved(
    headers: Mapping[str, str] | None, environment: Mapping[str, str], *, owner: str
) -> dict[str, str]:
    """Fixed headers with the environment's values in the place of references.

    Raises:
        PermanentError: a variable is not set; names it and `owner`, whose header refers to it.
    """
    result = {}
    for name, value in (headers or {}).items():
        try:
            result[name] = agentconfig.resolve_references(value, environment)
        except KeyError as error:
            raise PermanentError(
                f"Header {name} of {owner} refers to the environment variable {error.args[0]},"
                " which is not set.",
                remedy="Check that the Secret or ConfigMap behind it exists and has the key.",
            ) from error
    return result


def passed_on(allowed: Iterable[str] | None, incoming: Mapping[str, str]) -> dict[str, str]:
    """Those of the caller's headers (names in lower case) that may go further."""
    wanted = {name.lower() for name in allowed or ()}
    return {name: value for name, value in incoming.items() if name in wanted}
