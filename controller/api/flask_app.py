"""The Flask application: every route that answers and is done."""

from time import perf_counter
from typing import Any

import flask
import orjson
from flask.json.provider import DefaultJSONProvider
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI

from controller import telemetry
from controller.api import (
    applications,
    automation,
    bodies,
    chatpages,
    events,
    graphs,
    guards,
    inspection,
    manifests,
    openapi,
    problems,
    resources,
    services,
    syncpages,
    system,
    toolpages,
    toolservers,
    webhooks,
)
from controller.api import sessions as session_pages
from controller.api.kagent import (
    agents,
    checkpoints,
    crews,
    feedback,
    memories,
    pushes,
    sessions,
    shares,
    tasks,
)
from controller.api.services import Services

_API = (
    applications.blueprint,
    automation.blueprint,
    resources.blueprint,
    manifests.blueprint,
    events.blueprint,
    agents.blueprint,
    sessions.blueprint,
    shares.blueprint,
    tasks.blueprint,
    pushes.blueprint,
    memories.blueprint,
    feedback.blueprint,
    checkpoints.blueprint,
    crews.blueprint,
    webhooks.blueprint,
    system.blueprint,
    toolservers.blueprint,
)

_PAGES = (
    inspection.blueprint,
    syncpages.blueprint,
    graphs.blueprint,
    session_pages.blueprint,
    chatpages.blueprint,
    toolpages.blueprint,
)
"""Some modules add to the blueprint of another, of the API's sessions or of the dashboard; naming
them here imports them all."""


class _Json(DefaultJSONProvider):
    """Reads what the database can write: no half of a surrogate pair, and no NaN."""

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """Read a request's body; whole numbers beyond 64 bits become floats."""
        return orjson.loads(s)


def create(given: Services) -> OpenAPI:
    """Build the application around the services it reads from."""
    app = OpenAPI(
        __name__,
        info=Info(title="Roster", version=given.version),
        security_schemes=webhooks.SECURITY_SCHEMES,
        validation_error_status=400,
        validation_error_model=problems.Problem,
        validation_error_callback=problems.invalid_request,
        doc_ui=False,
    )
    app.json = _Json(app)
    app.config["MAX_CONTENT_LENGTH"] = bodies.MAX_BYTES
    app.url_map.strict_slashes = False
    services.install(app, given)
    telemetry.set_build_info(given.version)
    _measure(app)
    _bound(app)
    guards.install(app)
    problems.install(app)
    for blueprint in dict.fromkeys(_API):
        app.register_api(blueprint)
    openapi.install(app)
    for pages in dict.fromkeys(_PAGES):
        app.register_blueprint(pages)
    return app


def _bound(app: flask.Flask) -> None:
    """Let agents store more at a time than others may send."""

    @app.before_request
    def allow() -> None:
        if bodies.is_conversation(flask.request.path):
            flask.request.max_content_length = bodies.CONVERSATION_BYTES


def _measure(app: flask.Flask) -> None:
    """Observe the duration of every request by endpoint: a label that callers cannot invent."""

    @app.before_request
    def start() -> None:
        flask.g.started = perf_counter()

    @app.after_request
    def observe(response: flask.Response) -> flask.Response:
        method = flask.request.method if flask.request.endpoint else "OTHER"
        telemetry.HTTP_REQUEST_DURATION.labels(
            endpoint=flask.request.endpoint or "none", method=method, code=response.status_code
        ).observe(perf_counter() - flask.g.started)
        return response
