"""What a definition refers to: every name of another object in it, with its path."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from controller.definitions.catalog import Definition, Path
from controller.definitions.kinds import KAGENT
from controller.definitions.memory import OfObject
from controller.definitions.view import View


class Use(StrEnum):
    """What an object's content is for."""

    POD = "pod"
    """Pods read it themselves: variables, files."""
    HEADER = "header"
    """Headers of tools: pods read them as variables where they can."""
    TEXT = "text"
    """It becomes a part of what is rendered: prompts, an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A name of another object."""

    kind: str
    namespace: str
    name: str
    path: Path
    """Of the name."""
    key: str = ""
    """The key of the ConfigMap or Secret that is taken; empty where all or none is."""
    key_path: Path = ()
    is_optional: bool = False
    is_tool: bool = False
    """Whether an agent calls it: then its `allowedNamespaces` decides."""
    use: Use = Use.POD

    @property
    def group(self) -> str:
        """The API group of the object."""
        return "" if self.kind in {"ConfigMap", "Secret", "Service"} else KAGENT


def of(definition: Definition) -> tuple[Reference, ...]:
    """Give all references of a definition, in the order of its fields.

    Remembered: looking through a thousand agents for references costs more than all the rest of
    resolving them.
    """
    return _remembered(definition)


def _collected(definition: Definition) -> tuple[Reference, ...]:
    collect = _COLLECTORS.get(definition.id.kind) if definition.id.group == KAGENT else None
    if collect is None:
        return ()
    spec = View(definition.document.data)["spec"]
    return tuple(collect(spec, definition.id.namespace))


_remembered = OfObject(_collected)


def _agent(spec: View, namespace: str) -> Iterator[Reference]:
    declarative = spec["declarative"]
    for model in (
        declarative["modelConfig"],
        declarative.at("memory", "modelConfig"),
        declarative.at("context", "compaction", "summarizer", "modelConfig"),
    ):
        yield from _named("ModelConfig", model, namespace)
    yield from _source(declarative["systemMessageFrom"], namespace, use=Use.TEXT)
    for source in declarative.at("promptTemplate", "dataSources").each():
        yield from _named("ConfigMap", source["name"], namespace, use=Use.TEXT)
    for tool in declarative["tools"].each():
        yield from _tool(tool, namespace)
    yield from _secret(spec.at("skills", "gitAuthSecretRef", "name"), namespace)
    yield from _pull_secrets(spec.at("skills", "imagePullSecrets"), namespace)
    yield from _environment(spec.at("skills", "initContainer"), namespace)
    for block in ("declarative", "byo"):
        yield from _pod(spec.at(block, "deployment"), namespace)


def _tool(tool: View, namespace: str) -> Iterator[Reference]:
    server, agent = tool["mcpServer"], tool["agent"]
    for target, default in ((server, "MCPServer"), (agent, "Agent")):
        if target["name"].text:
            yield Reference(
                kind=target["kind"].text or default,
                namespace=target["namespace"].text or namespace,
                name=target["name"].text,
                path=target["name"].path,
                is_tool=True,
            )
    yield from _headers(tool["headersFrom"], namespace)


def _model_config(spec: View, namespace: str) -> Iterator[Reference]:
    secret, key = spec["apiKeySecret"], spec["apiKeySecretKey"]
    yield from _named("Secret", secret, namespace, key=key)
    yield from _tls(spec["tls"], namespace)
    endpoint = spec.at("foundry", "endpointFrom")
    yield from _named(
        "ConfigMap",
        endpoint["name"],
        namespace,
        key=endpoint["key"],
        is_optional=endpoint["optional"].is_true,
        use=Use.TEXT,
    )


def _remote_server(spec: View, namespace: str) -> Iterator[Reference]:
    yield from _headers(spec["headersFrom"], namespace)
    yield from _tls(spec["tls"], namespace)


def _server(spec: View, namespace: str) -> Iterator[Reference]:
    deployment = spec["deployment"]
    for secret in deployment["secretRefs"].each():
        yield from _secret(secret["name"], namespace)
    for config in deployment["configMapRefs"].each():
        yield from _named("ConfigMap", config["name"], namespace)
    yield from _volumes(deployment["volumes"], namespace)
    yield from _pull_secrets(deployment["imagePullSecrets"], namespace)
    for sidecar in deployment["sidecars"].each():
        yield from _environment(sidecar, namespace)


_COLLECTORS = {
    "Agent": _agent,
    "ModelConfig": _model_config,
    "RemoteMCPServer": _remote_server,
    "MCPServer": _server,
}


def _named(  # noqa: PLR0913 -- the parts of a reference, by name
    kind: str,
    name: View,
    namespace: str,
    *,
    key: View | None = None,
    is_optional: bool = False,
    use: Use = Use.POD,
) -> Iterator[Reference]:
    if name.text:
        yield Reference(
            kind=kind,
            namespace=namespace,
            name=name.text,
            path=name.path,
            key=key.text if key else "",
            key_path=key.path if key else (),
            is_optional=is_optional,
            use=use,
        )


def _secret(name: View, namespace: str) -> Iterator[Reference]:
    yield from _named("Secret", name, namespace)


def _source(source: View, namespace: str, *, use: Use) -> Iterator[Reference]:
    """A kagent ValueSource: `{type, name, key}`."""
    kind = source["type"].text
    if kind in {"ConfigMap", "Secret"}:
        yield from _named(kind, source["name"], namespace, key=source["key"], use=use)


def _headers(values: View, namespace: str) -> Iterator[Reference]:
    for header in values.each():
        yield from _source(header["valueFrom"], namespace, use=Use.HEADER)


def _tls(settings: View, namespace: str) -> Iterator[Reference]:
    secret, key = settings["caCertSecretRef"], settings["caCertSecretKey"]
    yield from _named("Secret", secret, namespace, key=key)


def _pull_secrets(values: View, namespace: str) -> Iterator[Reference]:
    for secret in values.each():
        yield from _secret(secret["name"], namespace)


def _pod(deployment: View, namespace: str) -> Iterator[Reference]:
    yield from _environment(deployment, namespace)
    yield from _volumes(deployment["volumes"], namespace)
    yield from _pull_secrets(deployment["imagePullSecrets"], namespace)
    for container in deployment["extraContainers"].each():
        yield from _environment(container, namespace)


def _environment(container: View, namespace: str) -> Iterator[Reference]:
    for variable in container["env"].each():
        for field, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
            source = variable.at("valueFrom", field)
            yield from _named(
                kind,
                source["name"],
                namespace,
                key=source["key"],
                is_optional=source["optional"].is_true,
            )
    for origin in container["envFrom"].each():
        for field, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
            source = origin[field]
            yield from _named(
                kind, source["name"], namespace, is_optional=source["optional"].is_true
            )


def _volumes(values: View, namespace: str) -> Iterator[Reference]:
    for volume in values.each():
        yield from _files("ConfigMap", volume["configMap"], "name", namespace)
        yield from _files("Secret", volume["secret"], "secretName", namespace)
        for source in volume.at("projected", "sources").each():
            yield from _files("ConfigMap", source["configMap"], "name", namespace)
            yield from _files("Secret", source["secret"], "name", namespace)


def _files(kind: str, source: View, name: str, namespace: str) -> Iterator[Reference]:
    """Give the object whose keys become files of a volume."""
    yield from _named(kind, source[name], namespace, is_optional=source["optional"].is_true)
