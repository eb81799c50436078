"""What the OpenAPI document says of the views that stream: the ASGI shell has no generator."""

from typing import Any

from controller.api.logs import LogsQuery

_PROBLEM = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_NAME = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}


def _text(name: str, meaning: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": meaning,
        "schema": {"type": "string"},
    }


_SINCE = _text("since", "Id of the last event that was heard.")
_EVENTS = (
    "Each event `application` carries `{result: {type, application}}` with type ADDED, MODIFIED or "
    "DELETED. Come back with the last id in `Last-Event-ID` or `since`, and nothing is repeated "
    "that did not change."
)


def _operation(
    operation_id: str,
    summary: str,
    description: str,
    parameters: list[dict[str, Any]],
    responses: dict[str, Any],
) -> dict[str, Any]:
    return {
        "get": {
            "tags": ["streams"],
            "summary": summary,
            "description": description,
            "operationId": operation_id,
            "parameters": parameters,
            "responses": responses,
        }
    }


def _stream(*media_types: str) -> dict[str, Any]:
    content = {name: {"schema": {"type": "string"}} for name in media_types}
    return {"200": {"description": "A stream.", "content": content}}


def _problem(code: str, meaning: str) -> dict[str, Any]:
    return {code: {"description": meaning, "content": _PROBLEM}}


def _logs_parameters() -> list[dict[str, Any]]:
    schema = LogsQuery.model_json_schema()["properties"]
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": field.get("description", ""),
            "schema": {key: value for key, value in field.items() if key != "description"},
        }
        for name, field in schema.items()
    ]


_TOO_MANY = _problem("503", "Too many streams are open.")
_UNKNOWN = _problem("404", "There is no such application, object or pod.")
_WRONG = _problem("400", "The query is wrong, or means too many pods.")

PATHS: dict[str, Any] = {
    "/api/v1/stream/applications": _operation(
        "stream_applications",
        "Follow changes as server-sent events.",
        _EVENTS,
        [_text("name", "Only this application."), _SINCE],
        {**_stream("text/event-stream"), **_TOO_MANY},
    ),
    "/api/v1/applications/{name}/stream": _operation(
        "stream_application",
        "Follow changes of one application as server-sent events.",
        _EVENTS,
        [_NAME, _SINCE],
        {**_stream("text/event-stream"), **_UNKNOWN, **_TOO_MANY},
    ),
    "/api/v1/applications/{name}/logs": _operation(
        "read_logs",
        "Read or follow the logs of an application's pods.",
        "Each line is `{result: {content, timeStamp, podName}}`; with `Accept: text/plain` the "
        "bare text, with `text/event-stream` an event `line`. Values of the application's "
        "Secrets are masked. Without a pod or object the logs of all pods are mixed.",
        [_NAME, *_logs_parameters()],
        {
            **_stream("application/x-ndjson", "text/plain", "text/event-stream"),
            **_WRONG,
            **_UNKNOWN,
            **_TOO_MANY,
        },
    ),
}
"""By path, as the document has them."""
