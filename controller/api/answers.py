"""Answers with entity tags, and lists in pages: what every JSON view shares."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

import flask
import pydantic

from controller.api.problems import ProblemError
from controller.api.shapes import ListMetadata

MAX_LIMIT = 500

T = TypeVar("T")


class PageQuery(pydantic.BaseModel):
    """Which part of a list is wanted."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    limit: Annotated[
        int, pydantic.Field(ge=1, le=MAX_LIMIT, description="How many items at most.")
    ] = 100
    continue_: Annotated[
        str,
        pydantic.Field(alias="continue", description="`metadata.continue` of the page before."),
    ] = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of a list, with what is needed to ask for the next."""

    items: Sequence[T]
    metadata: ListMetadata


def page(items: Sequence[T], query: PageQuery, *, key: Callable[[T], str], version: str) -> Page[T]:
    """Cut a page out of a list that is sorted by `key`.

    The next page starts after the last key, not at an index: what comes and goes in between
    neither repeats nor skips items.
    """
    after = decoded(query.continue_) if query.continue_ else ""
    rest = [item for item in items if key(item) > after]
    shown = rest[: query.limit]
    remaining = len(rest) - len(shown)
    metadata = ListMetadata(
        resource_version=version,
        continue_=encoded(key(shown[-1])) if remaining else "",
        remaining_item_count=remaining,
    )
    return Page(shown, metadata)


def answer(shape: pydantic.BaseModel, *, status: int = 200) -> flask.Response:
    """Give a shape as JSON; 304 where the caller has it already."""
    response = flask.Response(
        shape.model_dump_json(by_alias=True), status=status, mimetype="application/json"
    )
    return tagged(response)


def tagged(response: flask.Response) -> flask.Response:
    """Add an entity tag to a successful answer to GET, and honour the caller's."""
    if flask.request.method in {"GET", "HEAD"} and response.status_code == 200:
        response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
        response.make_conditional(flask.request)
    return response


def encoded(key: str) -> str:
    """Give a token that says after what the next page of a list begins."""
    return base64.urlsafe_b64encode(key.encode()).decode()


def decoded(token: str) -> str:
    """Give what a token stands for.

    Raises:
        ProblemError: 400, where it is none of ours.
    """
    try:
        return base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise ProblemError(
            400,
            "BadRequest",
            "continue: this is not a token that the API gave.",
            remedy="Start again without it.",
        ) from error
