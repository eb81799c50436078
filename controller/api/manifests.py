"""`/api/v1/applications/{name}/manifests`: what a revision renders to, masked."""

from typing import Annotated

import flask
import pydantic
from flask_openapi3.blueprint import APIBlueprint

from controller.api import nodes, services
from controller.api import objectshapes as shapes
from controller.api.answers import answer, page
from controller.api.applications import PROBLEMS, ApplicationPath, find
from controller.api.problems import Problem
from controller.api.resources import ResourceQuery, is_wanted
from controller.api.syncbody import Revision
from controller.objects import ObjectKey

blueprint = APIBlueprint("manifests", __name__, url_prefix="/api/v1/applications")


class ManifestsQuery(ResourceQuery):
    """Which manifests are wanted."""

    revision: Annotated[
        Revision | None,
        pydantic.Field(description="Commit, branch or tag; else what was last compared."),
    ] = None


@blueprint.get(
    "/<name>/manifests",
    responses={200: shapes.ManifestsShape, 409: Problem, 503: Problem, **PROBLEMS},
)
def list_manifests(path: ApplicationPath, query: ManifestsQuery) -> flask.Response:
    """List the manifests that git asks for, at the current or a given revision."""
    record = find(path.name)
    rendered = services.current().rendered(path.name, query.revision)
    by_key = {ObjectKey.of(manifest): manifest for manifest in rendered.manifests}
    chosen = sorted((key for key in by_key if is_wanted(key, query)), key=str)
    shown = page(chosen, query, key=str, version=rendered.revision)
    return answer(
        shapes.ManifestsShape(
            metadata=shown.metadata,
            manifests=[nodes.state(by_key[key]) for key in shown.items],
            namespace=record.spec.namespace,
            revision=rendered.revision,
        )
    )
