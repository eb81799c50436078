"""`/api/agents` and `/api/modelconfigs`: what runs, as kagent's clients know it. Read only.

Changes come by git, so there is no POST, PUT or DELETE here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import flask
import pydantic
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from controller.api import present, services
from controller.api.kagent.envelope import Body, Envelope, answer
from controller.api.problems import Problem, not_found
from controller.definitions.catalog import Catalog, Definition
from controller.health import HealthStatus
from controller.state.records import ApplicationRecord, ComponentStatus

_PROBLEMS: dict[Any, Any] = {400: Problem, 404: Problem}
_DEFAULT_PROVIDER = "OpenAI"

blueprint = APIBlueprint(
    "agents",
    __name__,
    url_prefix="/api",
    abp_tags=[Tag(name="agents", description="Agents and models, in kagent's shapes.")],
)


class NamespaceQuery(Body):
    """Where to look."""

    namespace: str = pydantic.Field("", description="Only this namespace; empty for all.")


class ObjectPath(pydantic.BaseModel):
    """Names an object."""

    namespace: str
    name: str


class AgentShape(pydantic.BaseModel):
    """kagent's AgentResponse. What follows `workloadMode` is Roster's own."""

    id: str
    agent: dict[str, Any] = pydantic.Field(description="The definition, with kagent's status.")
    modelProvider: str  # noqa: N815 - kagent's name
    model: str
    modelConfigRef: str  # noqa: N815 - same
    memoryRefs: list[str]  # noqa: N815 - same
    tools: list[dict[str, Any]]
    deploymentReady: bool  # noqa: N815 - same
    accepted: bool
    workloadMode: str  # noqa: N815 - same
    application: str
    file: str
    line: int
    revision: str = pydantic.Field(description="The commit at which its Deployment was written.")


class ModelConfigShape(pydantic.BaseModel):
    """kagent's ModelConfigResponse, with the spec."""

    ref: str
    providerName: str  # noqa: N815 - kagent's name
    model: str
    apiKeySecret: str  # noqa: N815 - same
    apiKeySecretKey: str  # noqa: N815 - same
    modelParams: dict[str, Any]  # noqa: N815 - same
    spec: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A definition, with what is known of it."""

    application: str
    definition: Definition
    component: ComponentStatus
    catalog: Catalog

    @property
    def spec(self) -> dict[str, Any]:
        """Its spec, as written."""
        return _mapping(self.definition.document.data.get("spec"))


@blueprint.get("/agents", responses={200: Envelope[list[AgentShape]], **_PROBLEMS})
def list_agents(query: NamespaceQuery) -> flask.Response:
    """List the agents of all applications."""
    found = [_agent(item) for item in _all("Agent", query.namespace)]
    return answer(sorted(found, key=lambda item: str(item["id"])), "Successfully listed agents")


@blueprint.get("/agents/<namespace>/<name>", responses={200: Envelope[AgentShape], **_PROBLEMS})
def get_agent(path: ObjectPath) -> flask.Response:
    """Give an agent."""
    return answer(_agent(_one("Agent", path)), "Successfully retrieved agent")


@blueprint.get("/modelconfigs", responses={200: Envelope[list[ModelConfigShape]], **_PROBLEMS})
def list_model_configs(query: NamespaceQuery) -> flask.Response:
    """List the model configurations of all applications."""
    found = [_model_config(item) for item in _all("ModelConfig", query.namespace)]
    return answer(
        sorted(found, key=lambda item: str(item["ref"])), "Successfully listed ModelConfigs"
    )


@blueprint.get(
    "/modelconfigs/<namespace>/<name>", responses={200: Envelope[ModelConfigShape], **_PROBLEMS}
)
def get_model_config(path: ObjectPath) -> flask.Response:
    """Give a model configuration."""
    return answer(_model_config(_one("ModelConfig", path)), "Successfully retrieved ModelConfig")


def _all(kind: str, namespace: str) -> Iterator[_Found]:
    given = services.current()
    for record in given.store.applications():
        catalog = given.catalog(record.spec.name)
        if catalog is not None:
            yield from _of(record, catalog, kind, namespace)


def _of(record: ApplicationRecord, catalog: Catalog, kind: str, namespace: str) -> Iterator[_Found]:
    components = {component.id: component for component in record.status.components}
    for key, definition in catalog.definitions.items():
        component = components.get(str(key))
        if key.kind == kind and namespace in {"", key.namespace} and component is not None:
            yield _Found(
                application=record.spec.name,
                definition=definition,
                component=component,
                catalog=catalog,
            )


def _one(kind: str, path: ObjectPath) -> _Found:
    for found in _all(kind, path.namespace):
        if found.definition.id.name == path.name:
            return found
    raise not_found(kind)


def _agent(found: _Found) -> dict[str, Any]:
    key, component = found.definition.id, found.component
    declarative = _mapping(found.spec.get("declarative"))
    named = str(declarative.get("modelConfig") or "")
    model = next(
        (item for item in _all("ModelConfig", key.namespace) if _name(item) == named), None
    )
    accepted = key not in found.catalog.broken
    ready = component.health == HealthStatus.HEALTHY
    return {
        "id": f"{key.namespace}__NS__{key.name}".replace("-", "_"),
        "agent": {**_manifest(found), "status": _status(component, accepted=accepted, ready=ready)},
        "modelProvider": _provider(model.spec) if model else "",
        "model": str(model.spec.get("model") or "") if model else "",
        "modelConfigRef": f"{key.namespace}/{named}" if named else "",
        "memoryRefs": [],
        "tools": [tool for tool in declarative.get("tools") or () if isinstance(tool, dict)],
        "deploymentReady": ready,
        "accepted": accepted,
        "workloadMode": "deployment",
        "application": found.application,
        "file": component.file,
        "line": component.line,
        "revision": services.current().agent_revision(key.namespace, key.name),
    }


def _model_config(found: _Found) -> dict[str, Any]:
    spec = found.spec
    provider = _provider(spec)
    block = next((value for name, value in spec.items() if name.lower() == provider.lower()), None)
    return {
        "ref": f"{found.definition.id.namespace}/{found.definition.id.name}",
        "providerName": provider,
        "model": str(spec.get("model") or ""),
        "apiKeySecret": str(spec.get("apiKeySecret") or ""),
        "apiKeySecretKey": str(spec.get("apiKeySecretKey") or ""),
        "modelParams": _mapping(block),
        "spec": spec,
    }


def _manifest(found: _Found) -> dict[str, Any]:
    """Give the definition as an object of a cluster would look."""
    key, data = found.definition.id, found.definition.document.data
    metadata = {**found.definition.metadata, "name": key.name, "namespace": key.namespace}
    return dict(present.safe({**data, "metadata": metadata}))


def _status(component: ComponentStatus, *, accepted: bool, ready: bool) -> dict[str, Any]:
    """Give kagent's conditions."""
    return {
        "conditions": [
            {
                "type": "Accepted",
                "status": str(accepted),
                "reason": "Reconciled" if accepted else "ReconcileFailed",
                "message": "" if accepted else component.message,
            },
            {
                "type": "Ready",
                "status": str(ready),
                "reason": "DeploymentReady" if ready else "DeploymentNotReady",
                "message": "" if ready else component.message,
            },
        ]
    }


def _name(found: _Found) -> str:
    return found.definition.id.name


def _provider(spec: Mapping[str, Any]) -> str:
    return str(spec.get("provider") or _DEFAULT_PROVIDER)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
