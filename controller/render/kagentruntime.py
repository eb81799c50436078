"""Agents on kagent's own runtime image, in place of Roster's.

Chosen by the annotation `roster.dev/runtime: kagent` of an agent or its application, or for all of
them by a setting. That runtime takes the same config.json, but knows header values only, and no
references to them: for it, and for nobody else, values are written into config.json, which is in a
Secret.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.definitions import agentconfig
from controller.definitions.agent import AgentSpec
from controller.definitions.catalog import Definition
from controller.objects import metadata
from controller.render import headers, pod
from controller.render.agentconfigs import Translated
from controller.render.options import RenderOptions
from controller.render.problems import RenderError
from controller.render.scope import Scope

ANNOTATION = "roster.dev/runtime"
_CARD = {"httpGet": {"path": "/.well-known/agent-card.json", "port": "http"}}
_PROBES: Mapping[str, Mapping[str, Any]] = {
    "python": {**_CARD, "initialDelaySeconds": 4, "periodSeconds": 2, "timeoutSeconds": 15},
    "go": {**_CARD, "initialDelaySeconds": 1, "periodSeconds": 1, "timeoutSeconds": 5},
}
"""Python takes five seconds to start; kagent's controller waits 15 before it asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """How the container of an agent on kagent's runtime differs from one on Roster's."""

    image: str
    probe: Mapping[str, Any]
    security: Any


def is_named(definition: Definition, options: RenderOptions) -> bool:
    """Tell whether a definition, or what goes for all of them, names kagent's runtime."""
    own = metadata.annotations(definition.document.data).get(ANNOTATION)
    return (own or options.annotations.get(ANNOTATION) or options.runtime) == "kagent"


def is_chosen(scope: Scope) -> bool:
    """Tell whether an agent runs on kagent's runtime.

    Raises:
        RenderError: the annotation names a runtime that there is not.
    """
    chosen = scope.annotation(ANNOTATION) or scope.options.runtime
    if chosen not in {"roster", "kagent"}:
        raise RenderError(
            "unknown-runtime",
            f"there is no runtime {chosen!r}",
            remedy="Choose roster or kagent.",
            path=scope.annotation_path(ANNOTATION),
        )
    return chosen == "kagent"


def container(spec: AgentSpec, scope: Scope, *, runs_code: bool, security: Any) -> Container:
    """Give the container for the runtime that the agent names: python or go."""
    runtime = spec.declarative.runtime if spec.declarative else "python"
    image = scope.options.kagent_image
    if runtime == "go":
        image = f"{scope.options.kagent_go_image}{'-full' if runs_code else ''}"
    return Container(
        image=image,
        probe=_PROBES[runtime],
        security=isolating(security, scope) if runs_code else security,
    )


def isolating(security: Any, scope: Scope) -> Any:
    """Give the security context with which kagent's images isolate the code that they run.

    Their sandbox makes namespaces of its own and is therefore privileged, unless the definition
    forbids privileges; then its commands fail. It is a lot to give to an agent, so a warning.
    """
    given = dict(security or {})
    if given.get("allowPrivilegeEscalation") is False or given.get("privileged") is not None:
        return given
    warning = RenderError(
        "privileged-container",
        "kagent runs an agent with skills or code in a privileged container, so this one is",
        remedy="Set 'securityContext.allowPrivilegeEscalation: false' where it needs no sandbox;"
        " Roster's own runtime has none.",
    )
    scope.sources.warn(warning)
    return {**given, "privileged": True}


def with_values(translated: Translated, scope: Scope) -> Translated:
    """Give the configuration with the values of headers in the place of references to them.

    Raises:
        RenderError: a value is not in the repository.
    """
    kept = [item for item in translated.needs.env if not headers.is_variable(item["name"])]
    referred = [item for item in translated.needs.env if headers.is_variable(item["name"])]
    values = {item["name"]: _value(item, scope) for item in referred}
    values |= dict(translated.needs.secrets)
    needs = pod.Needs(
        env=tuple(kept), volumes=translated.needs.volumes, mounts=translated.needs.mounts
    )
    config = translated.config
    tools = {name: _filled(getattr(config, name), values) for name in ("http_tools", "sse_tools")}
    agents = tuple(_with_headers(item, values) for item in config.remote_agents or ())
    update = {**tools, "remote_agents": agents or None}
    return Translated(config=config.model_copy(update=update), needs=needs)


def _value(variable: Mapping[str, Any], scope: Scope) -> str:
    ((kind, source),) = variable["valueFrom"].items()
    look_up = scope.sources.secret if kind == "secretKeyRef" else scope.sources.config_map
    held = look_up(scope.namespace, source["name"])
    if held is not None and source["key"] in held:
        return held[source["key"]]
    raise scope.sources.unknown(
        "unreachable-value",
        f"kagent's runtime needs the value of {source['name']}/{source['key']} for a header",
        remedy="Add the object, or use Roster's runtime, whose pods take the value themselves.",
        path=scope.annotation_path(ANNOTATION),
    )


def _filled(servers: Any, values: Mapping[str, str]) -> Any:
    filled = (
        server.model_copy(update={"params": _with_headers(server.params, values)})
        for server in servers or ()
    )
    return tuple(filled) or None


def _with_headers(item: Any, values: Mapping[str, str]) -> Any:
    given = item.headers or {}
    sent = {name: _resolved(text, values) for name, text in given.items()}
    return item.model_copy(update={"headers": sent or None})


def _resolved(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(agentconfig.environment_reference(name), value)
    return text
