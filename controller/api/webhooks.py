"""`/api/webhook`: a forge says that something was pushed; applications look sooner for it."""

import json
from typing import Any

import flask
import pydantic
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from flask_openapi3.types import SecuritySchemesDict

from controller import telemetry
from controller.api import services, signatures
from controller.api.problems import Problem, ProblemError
from controller.api.pushes import Push, concerned
from controller.api.signatures import Forge
from controller.reconcile.workqueue import Trigger

blueprint = APIBlueprint(
    "webhooks",
    __name__,
    url_prefix="/api",
    abp_tags=[Tag(name="webhooks", description="Called by GitHub, GitLab and Gitea.")],
)

SECURITY_SCHEMES: SecuritySchemesDict = {
    "github": {"type": "apiKey", "in": "header", "name": "X-Hub-Signature-256"},
    "gitlab": {"type": "apiKey", "in": "header", "name": "X-Gitlab-Token"},
    "gitea": {"type": "apiKey", "in": "header", "name": "X-Gitea-Signature"},
}


class Received(pydantic.BaseModel):
    """What came of a call."""

    event: str
    applications: list[str] = pydantic.Field(description="Those that are visited for it.")


@blueprint.post(
    "/webhook",
    responses={202: Received, 400: Problem, 401: Problem, 413: Problem},
    security=[{name: []} for name in SECURITY_SCHEMES],
)
def receive() -> tuple[dict[str, Any], int]:
    """Take a push event: its signature is checked, and only where it is right is it read."""
    forge = signatures.forge_of(flask.request.headers)
    if forge is None:
        telemetry.WEBHOOK_REQUESTS.labels(forge="unknown", outcome="malformed").inc()
        raise ProblemError(
            400,
            "UnknownForge",
            "No header says which forge calls.",
            remedy="Send X-GitHub-Event, X-Gitlab-Event or X-Gitea-Event, as the forges do.",
        )
    _authenticate(forge)
    event = signatures.event_of(forge, flask.request.headers)
    names = _queue(_push(forge)) if event == "push" else ()
    outcome = "queued" if names else "ignored"
    telemetry.WEBHOOK_REQUESTS.labels(forge=forge, outcome=outcome).inc()
    return Received(event=event[:64], applications=list(names)).model_dump(), 202


def _authenticate(forge: Forge) -> None:
    request = flask.request
    secret = services.current().webhook_secrets.get(forge, "")
    if signatures.is_genuine(forge, request.headers, request.get_data(), secret):
        return
    telemetry.WEBHOOK_REQUESTS.labels(forge=forge, outcome="unauthorized").inc()
    # One answer for no secret, no signature and a wrong one: it tells a stranger nothing.
    raise ProblemError(
        401,
        "WrongSignature",
        "The call is not signed with the secret of this webhook.",
        remedy=f"Set the same secret in the forge and in ROSTER_WEBHOOK_SECRET_{forge.upper()}.",
    )


def _push(forge: Forge) -> Push:
    try:
        return Push.model_validate(_payload())
    except ValueError as error:  # JSON, Unicode and pydantic errors are all ValueErrors
        telemetry.WEBHOOK_REQUESTS.labels(forge=forge, outcome="malformed").inc()
        raise ProblemError(
            400,
            "MalformedPayload",
            "The payload is not a push event.",
            remedy="Choose JSON as the webhook's content type.",
        ) from error
    except RecursionError as error:
        telemetry.WEBHOOK_REQUESTS.labels(forge=forge, outcome="malformed").inc()
        raise ProblemError(400, "MalformedPayload", "The payload is nested too deeply.") from error


def _payload() -> Any:
    """Give the payload; GitHub's first choice of content type wraps the JSON in a form."""
    request = flask.request
    if request.mimetype == "application/x-www-form-urlencoded":
        return json.loads(request.form.get("payload", ""))
    return json.loads(request.get_data())


def _queue(push: Push) -> tuple[str, ...]:
    given = services.current()
    names = concerned(push, [record.spec for record in given.store.applications()])
    for name in names:
        given.queue.add(name, trigger=Trigger.WEBHOOK)
    return names
