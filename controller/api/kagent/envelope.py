"""kagent's envelope around answers: `{"error": false, "data": …, "message": "…"}`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Generic, TypeVar

import flask
import orjson
import pydantic

from controller.api.answers import tagged
from controller.api.problems import Problem

T = TypeVar("T")
Key = Annotated[str, pydantic.Field(min_length=1, max_length=512)]
"""An id that callers give."""
PROBLEMS: dict[Any, Any] = {400: Problem, 401: Problem, 403: Problem, 404: Problem}
"""By status, how a request is refused that is about something of somebody's."""


class Envelope(pydantic.BaseModel, Generic[T]):
    """kagent's answer around what was asked for."""

    error: bool
    data: T
    message: str


class Page(Envelope[T], Generic[T]):
    """A list of which there may be more."""

    continue_: str = pydantic.Field(
        alias="continue", description="Ask with it for the next page; empty at the end."
    )


class Nothing(pydantic.BaseModel):
    """No data."""


class Body(pydantic.BaseModel):
    """What a caller sends: as in kagent, fields that nobody knows are passed over."""

    model_config = pydantic.ConfigDict(frozen=True, extra="ignore")


def answer(
    data: Any, message: str, *, status: int = 200, more: Mapping[str, Any] = MappingProxyType({})
) -> flask.Response:
    """Give data in the envelope, with more beside it."""
    return bare({"error": False, "data": data, "message": message, **more}, status=status)


def bare(body: Any, *, status: int = 200) -> flask.Response:
    """Give data as it is: kagent's memory has no envelope."""
    response = flask.Response(orjson.dumps(body), status=status, mimetype="application/json")
    return tagged(response)
