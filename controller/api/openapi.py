"""`/api/openapi.json`, generated from the views, and `/api/docs`, a page to read it on."""

from typing import Any

import flask
from flask_openapi3.openapi import OpenAPI

from controller.api import agentdocs, streamdocs
from controller.api.answers import tagged

_METHODS = ("get", "post", "put", "patch", "delete")


def install(app: OpenAPI) -> None:
    """Serve the document and its page. Registered after every other view is."""

    @app.route("/api/openapi.json")
    def openapi_document() -> flask.Response:
        return tagged(flask.jsonify(document(app)))

    @app.route("/api/docs")
    def openapi_page() -> str:
        described = document(app)
        return flask.render_template(
            "docs.html", document=described, operations=list(_operations(described))
        )


def document(app: OpenAPI) -> dict[str, Any]:
    """Give the OpenAPI document; a validation error is one problem, not a list of them."""
    described: dict[str, Any] = app.api_doc
    for path_item in described["paths"].values():
        for operation in path_item.values():
            media = operation["responses"]["400"]["content"]["application/json"]
            media["schema"] = media["schema"].get("items", media["schema"])
    paths = {**described["paths"], **streamdocs.PATHS, **agentdocs.PATHS}
    return {**described, "paths": paths}


def _operations(described: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, item[method])
        for path, item in sorted(described["paths"].items())
        for method in _METHODS
        if method in item
    ]
