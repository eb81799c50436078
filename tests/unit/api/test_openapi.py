import importlib
import pkgutil
from collections import Counter
from typing import Any

import flask
import pydantic
import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi import checks as openapi_checks

import controller.api

pytestmark = pytest.mark.usefixtures("stored")

CHECKED = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.negative_data_rejection,
]


STREAMS = ("/stream", "/logs", "/stream/applications")
PROTOCOLS = ("/api/a2a/", "/mcp")
"""Whose errors are the protocol's."""


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/openapi.json").get_json()
    return found


@pytest.fixture
def api_schema(app: flask.Flask) -> Any:
    described = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    return described.exclude(path_regex="/(stream|logs|a2a|mcp)($|/)")  # the ASGI shell's


def test_no_two_shapes_share_a_name() -> None:
    """The document lists them by name: one would stand for the other."""
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(controller.api.__path__, "controller.api.")
    ]
    shapes = {
        item
        for module in modules
        for item in vars(module).values()
        if isinstance(item, type)
        and issubclass(item, pydantic.BaseModel)
        and item.__module__ == module.__name__
        and item.__name__.endswith(("Shape", "Body"))
    }

    names = Counter(shape.__name__ for shape in shapes)
    assert [name for name, times in names.items() if times > 1] == []


def test_every_operation_keeps_its_promises(api_schema: Any) -> None:
    """Generated requests, right and wrong, get answers that the document describes."""
    operations = [found.ok() for found in api_schema.get_all_operations()]

    strategies = [
        operation.as_strategy(generation_mode=mode)
        for operation in operations
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    ]

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=st.one_of(strategies), exists=st.booleans())
    def keeps_its_promises(case: Any, *, exists: bool) -> None:
        if exists and "name" in (case.path_parameters or {}):
            case.path_parameters["name"] = "staging"
        case.call_and_validate(checks=CHECKED)

    assert len(operations) >= 12
    keeps_its_promises()


def test_document_is_valid_openapi(api_schema: Any) -> None:
    api_schema.validate()


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [found for item in value.values() for found in references(item)]
        if isinstance(value, list):
            return [found for item in value for found in references(item)]
        return []

    names = {found.removeprefix("#/components/schemas/") for found in references(document)}

    assert names <= set(schemas)


def test_problems_are_single_objects(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        is_ours = not path.endswith(STREAMS) and not path.startswith(PROTOCOLS)
        for operation in item.values() if is_ours else ():
            answer = operation["responses"]["400"]["content"]["application/json"]["schema"]

            assert answer == {"$ref": "#/components/schemas/Problem"}


def test_webhook_names_its_signatures(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]

    assert document["paths"]["/api/webhook"]["post"]["security"] == [
        {"github": []},
        {"gitlab": []},
        {"gitea": []},
    ]
    assert schemes["github"]["name"] == "X-Hub-Signature-256"


def test_every_operation_says_what_it_does(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for operation in item.values():
            assert operation["summary"].endswith("."), path


def test_stream_is_described(document: dict[str, Any]) -> None:
    operation = document["paths"]["/api/v1/stream/applications"]["get"]

    assert "text/event-stream" in operation["responses"]["200"]["content"]


def test_page_lists_every_operation(client: FlaskClient, document: dict[str, Any]) -> None:
    page = client.get("/api/docs").get_data(as_text=True)

    assert [path for path in document["paths"] if path not in page] == []
