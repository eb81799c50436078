"""The API of a running Roster, as the verbs use it."""

import getpass
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from controller.cli.options import settings_from
from controller.errors import PermanentError, TransientError, UsageError

if TYPE_CHECKING:
    import httpx


_PAGE = 500
TIMEOUT_S = 30.0
"""A comparison with the cluster takes its time."""


def connect(server: str | None) -> "httpx.Client":
    """Give a client for the API of a running Roster: the one named, else that of the settings."""
    import httpx

    return httpx.Client(
        base_url=base_url(server), timeout=TIMEOUT_S, trust_env=False, headers=identity()
    )


def identity() -> dict[str, str]:
    """Give the header that names the user of this machine, for the history."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container may run as a number without a name
        return {}
    return {"X-Roster-User": re.sub(r"[^A-Za-z0-9._@+-]", "_", user)[:64]} if user else {}


def base_url(server: str | None) -> str:
    """Give the address of a running Roster: the one named, else that of the settings.

    Raises:
        UsageError: it is no address.
    """
    url = server or f"http://{settings_from().settings.listen}"
    if not url.startswith(("http://", "https://")):
        raise UsageError(
            f"{url!r} is no address of a Roster.",
            remedy="Give --server (or ROSTER_SERVER) as http://host:port.",
        )
    return url


def get(api: "httpx.Client", path: str, query: Mapping[str, Any] | None = None) -> Any:
    """Read a path.

    Raises:
        TransientError: no Roster answers.
        PermanentError: it answers with an error; a UsageError where the caller is to blame.
    """
    return _asked(api, "GET", path, params=query)


def pages(
    api: "httpx.Client", path: str, query: Mapping[str, Any] | None = None
) -> Iterator[dict[str, Any]]:
    """Read a list, page by page.

    Raises:
        TransientError, PermanentError: as `get`.
    """
    asked = {"limit": _PAGE, **(query or {})}
    while True:
        page = get(api, path, asked)
        yield page
        asked["continue"] = page["metadata"]["continue"]
        if not asked["continue"]:
            return


def items(api: "httpx.Client", path: str, query: Mapping[str, Any] | None = None) -> list[Any]:
    """Read all items of a list.

    Raises:
        TransientError, PermanentError: as `get`.
    """
    return [item for page in pages(api, path, query) for item in page["items"]]


def post(api: "httpx.Client", path: str, body: Any, *, timeout_s: float = 30.0) -> Any:
    """Send JSON to a path, and give the JSON of the answer.

    Raises:
        TransientError: no Roster answers.
        PermanentError: it answers with an error.
    """
    return _asked(api, "POST", path, json=body, timeout=timeout_s)


def delete(api: "httpx.Client", path: str) -> Any:
    """Delete what a path names, and give the JSON of the answer.

    Raises:
        TransientError: no Roster answers.
        PermanentError: it answers with an error.
    """
    return _asked(api, "DELETE", path)


def _asked(api: "httpx.Client", method: str, path: str, **options: Any) -> Any:
    import httpx

    try:
        return checked(api.request(method, path, **options))
    except httpx.TransportError as error:
        raise TransientError(
            f"No Roster answers at {api.base_url}: {str(error) or type(error).__name__}.",
            remedy="Start one with `roster up`, or name another with --server.",
        ) from error


_VERBS = {"/": "app", "/sessions": "session", "/tools": "tool"}
"""Instead of the server's pages, which nobody sees here."""


_USAGE = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY})
_OF_THE_API = "Correct the request; /api/docs describes what is expected."
"""A remedy for programs; `--help` is that of the command line."""


def checked(response: "httpx.Response") -> Any:
    """Give the JSON of an answer; errors come with the server's message and remedy.

    Raises:
        UsageError: what was asked for is wrong, or does not exist.
        PermanentError: any other error.
    """
    if response.is_success:
        return response.json()
    try:
        body = response.json()
    except ValueError:
        body = {}
    message = body.get("message") or body.get("error") or f"HTTP status {response.status_code}."
    remedy = str(body.get("remedy", "")).removeprefix(_OF_THE_API)
    for page, verb in _VERBS.items():
        remedy = remedy.replace(f"{page} lists", f"`roster {verb} list` lists")
    is_usage = response.status_code in _USAGE
    raise (UsageError if is_usage else PermanentError)(str(message), remedy=remedy)
