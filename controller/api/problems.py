"""What a caller is told when something is wrong: one shape, as JSON or as a page for browsers."""

import flask
import pydantic
import structlog
from werkzeug.exceptions import HTTPException

from controller.errors import PermanentError, RosterError, TransientError, UsageError
from controller.telemetry import redact

_log = structlog.get_logger(__name__)

_REMEDIES = {
    400: "Correct the request; /api/docs describes what is expected.",
    404: "Check the address; / lists the applications.",
    405: "Use one of the methods in the Allow header.",
    413: "Send less than 1 MiB.",
    415: "Send JSON with Content-Type: application/json.",
}


class Problem(pydantic.BaseModel):
    """What went wrong, in words for a program and for a person, and what to do about it."""

    error: str = pydantic.Field(description="Stable code in CamelCase, such as `NotFound`.")
    message: str = pydantic.Field(description="What went wrong.")
    remedy: str = pydantic.Field(description="What to do about it; may be empty.")


class ProblemError(PermanentError):
    """A request that is answered with a problem."""

    def __init__(self, status: int, error: str, message: str, *, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.status = status
        self.error = error


_LISTED = {
    "application": "/ lists the applications.",
    "session": "/sessions lists the sessions.",
    "tool server": "/tools lists the tool servers.",
}
"""Where one finds the names of what was not found."""


def not_found(what: str = "application") -> ProblemError:
    """Give the one answer for what does not exist and for what the caller may not see.

    Different answers would let a caller enumerate names (CVE-2022-41354, CVE-2024-36106).
    """
    return ProblemError(
        404,
        "NotFound",
        f"There is no such {what}, or you may not see it.",
        remedy=f"Check the name; {_LISTED[what]}" if what in _LISTED else "Check the name.",
    )


def install(app: flask.Flask) -> None:
    """Answer every error of the application with a problem."""
    app.register_error_handler(RosterError, _of_roster)
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(Exception, _of_unexpected)


def explained(error: pydantic.ValidationError) -> Problem:
    """Say what does not fit a schema, without repeating what was sent."""
    problems = "; ".join(
        f"{'.'.join(str(part) for part in item['loc']) or 'body'}: {item['msg']}"
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    )
    return Problem(error="BadRequest", message=problems, remedy=_REMEDIES[400])


def invalid_request(error: pydantic.ValidationError) -> flask.Response:
    """Answer a request that does not fit its schema."""
    return _answer(400, explained(error))


def of_error(error: RosterError) -> tuple[int, Problem]:
    """Give HTTP status and problem of an error."""
    match error:
        case ProblemError():
            status, code = error.status, error.error
        case TransientError():
            status, code = 503, "Unavailable"
        case UsageError():
            status, code = 400, "BadRequest"
        case _:
            status, code = 409, "Refused"
    return status, Problem(error=code, message=redact(error.message), remedy=redact(error.remedy))


def _of_roster(error: RosterError) -> flask.Response:
    response = _answer(*of_error(error))
    if isinstance(error, TransientError):
        response.headers["Retry-After"] = str(round(error.retry_after_s or 5))
    return response


def _of_http(error: HTTPException) -> flask.Response:
    if error.response is not None:  # An abort() that brought its own answer, such as a redirect.
        return flask.make_response(error.response)
    status = error.code or 500
    response = _answer(
        status,
        Problem(
            error=(error.name or "Error").title().replace(" ", ""),
            message=error.description or error.name,
            remedy=_REMEDIES.get(status, ""),
        ),
    )
    for name, value in error.get_headers():
        if name.lower() in {"allow", "retry-after", "location"}:
            response.headers[name] = value
    return response


def _of_unexpected(error: Exception) -> flask.Response:
    _log.error("request_failed", path=flask.request.path, exc_info=error)
    message = "Something went wrong inside Roster; its log has the details."
    remedy = "Try again; if it happens again, report it with the lines of the log."
    return _answer(500, Problem(error="InternalError", message=message, remedy=remedy))


def _answer(status: int, problem: Problem) -> flask.Response:
    if wants_page():
        page = flask.render_template("problem.html", problem=problem, status=status)
        return flask.make_response(page, status)
    response = flask.jsonify(problem.model_dump())
    response.status_code = status
    return response


def wants_page() -> bool:
    """Tell whether the caller would rather read HTML than JSON: a browser's address bar."""
    accepted = flask.request.accept_mimetypes
    return accepted["text/html"] > accepted["application/json"]
