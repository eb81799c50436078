"""`/healthz`, `/readyz`, `/metrics`, `/api/version`: what looks after the controller itself."""

import platform
from typing import Any

import flask
import pydantic
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from controller import telemetry
from controller.api import services

blueprint = APIBlueprint(
    "system", __name__, abp_tags=[Tag(name="system", description="The controller itself.")]
)


class Health(pydantic.BaseModel):
    """Whether something is well."""

    status: str
    message: str


class Version(pydantic.BaseModel):
    """What runs."""

    version: str
    python: str


@blueprint.get("/healthz", responses={200: Health})
def healthz() -> dict[str, Any]:
    """Tell that the process answers."""
    return Health(status="ok", message="").model_dump()


@blueprint.get("/readyz", responses={200: Health, 503: Health})
def readyz() -> tuple[dict[str, Any], int]:
    """Tell whether the controller can do its work, and what it waits for."""
    ready, message = services.current().ready()
    status = "ok" if ready else "waiting"
    return Health(status=status, message=telemetry.redact(message)).model_dump(), (
        200 if ready else 503
    )


@blueprint.get("/api/version", responses={200: Version})
def version() -> dict[str, Any]:
    """Give the version that runs."""
    running = services.current().version
    return Version(version=running, python=platform.python_version()).model_dump()


@blueprint.get("/metrics", doc_ui=False)
def metrics() -> flask.Response:
    """Give Prometheus' text format; gauges of state are read now, not kept up to date."""
    given = services.current()
    records = {record.spec.name: record.status for record in given.store.applications()}
    telemetry.set_applications((status.sync, status.health) for status in records.values())
    telemetry.set_objects(
        (name, item.sync, item.health)
        for name, status in records.items()
        for item in status.objects
    )
    telemetry.set_revisions((name, status.synced_revision) for name, status in records.items())
    telemetry.QUEUE_DEPTH.set(len(given.queue))
    return flask.Response(telemetry.metrics(), mimetype="text/plain; version=0.0.4")
