"""Which headers of a caller's request an agent's definition asks for.

Credentials stay with whoever relays a request, unless the definition says what it needs them for:
a header that a tool's `allowedHeaders` names, a model that takes the caller's own token
(`apiKeyPassthrough`), kagent's `KAGENT_PROPAGATE_TOKEN`, or the annotation of Roster's own.
"""

from collections.abc import Iterator

from controller.definitions.agent import AgentSpec
from controller.definitions.catalog import Catalog, Definition
from controller.definitions.findings import DefinitionId
from controller.definitions.modelconfig import ModelConfigSpec

ANNOTATION = "roster.dev/forward-credentials"
"""Annotation on an Agent: `"true"` gives it the caller's Authorization header."""
AUTHORIZATION = "authorization"
_PROPAGATE = "KAGENT_PROPAGATE_TOKEN"


def headers(agent: Definition, catalog: Catalog) -> frozenset[str]:
    """Give the names of the headers, in lower case."""
    wanted = set(_of_tools(agent.spec))
    if _wants_credentials(agent, catalog):
        wanted.add(AUTHORIZATION)
    return frozenset(wanted)


def _of_tools(spec: object) -> Iterator[str]:
    declarative = spec.declarative if isinstance(spec, AgentSpec) else None
    for tool in declarative.tools if declarative else ():
        if tool.mcp_server:
            yield from (name.lower() for name in tool.mcp_server.allowed_headers)


def _wants_credentials(agent: Definition, catalog: Catalog) -> bool:
    annotations = agent.metadata.get("annotations") or {}
    return (
        annotations.get(ANNOTATION) == "true"
        or _propagates(agent.spec)
        or _passes_key(agent, catalog)
    )


def _propagates(spec: object) -> bool:
    if not isinstance(spec, AgentSpec):
        return False
    part = spec.declarative or spec.byo
    env = part.deployment.env if part and part.deployment else []
    return {"name": _PROPAGATE, "value": "true"} in env


def _passes_key(agent: Definition, catalog: Catalog) -> bool:
    declarative = agent.spec.declarative if isinstance(agent.spec, AgentSpec) else None
    if declarative is None or not declarative.model_config_name:
        return False
    name = DefinitionId("ModelConfig", agent.id.namespace, declarative.model_config_name)
    model = catalog.definitions.get(name)
    spec = model.spec if model else None
    return isinstance(spec, ModelConfigSpec) and bool(spec.api_key_passthrough)
