"""What the fields of each kind are about, and how much a change of them weighs.

Paths are those of kagent's fields below `spec`. What is not listed is told by its path.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from controller.diff.semantic import shown
from controller.diff.semantic.change import Kind, Severity
from controller.diff.semantic.facts import (
    ANY,
    HIGH,
    LOW,
    MEDIUM,
    Names,
    Rule,
    Weigh,
    when_added,
    when_removed,
    when_switched,
)


def source(entry: Any) -> str:
    """Say where a variable or header takes its value from; a value itself is never shown."""
    if not isinstance(entry, Mapping):
        return ""
    origin = entry.get("valueFrom")
    if not isinstance(origin, Mapping):
        return "a value that is not shown" if entry.get("value") else ""
    if "type" in origin:
        return f"from {origin['type']} {shown.code(origin.get('name'))}, key {_key(origin)}"
    for field, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
        if isinstance(found := origin.get(field), Mapping):
            return f"from {kind} {shown.code(found.get('name'))}, key {_key(found)}"
    return f"from {shown.value(origin)}"


def _key(origin: Mapping[str, Any]) -> str:
    return shown.code(origin.get("key"))


def _volume(entry: Any) -> str:
    """Say what a volume holds."""
    rest = {name: value for name, value in entry.items() if name != "name"}
    return shown.value(rest)


def _image(entry: Any) -> str:
    return shown.address(entry.get("image", "")) if isinstance(entry, Mapping) else ""


def _weigh_volume(_before: Any, after: Any) -> Severity:
    reaches_node = isinstance(after, Mapping) and "hostPath" in after
    return Severity.HIGH if reaches_node else Severity.MEDIUM


def _weigh_security(_before: Any, after: Any) -> Severity:
    is_loose = isinstance(after, Mapping) and (
        after.get("privileged") is True
        or after.get("allowPrivilegeEscalation") is True
        or after.get("runAsUser") == 0
        or bool((after.get("capabilities") or {}).get("add"))
    )
    return Severity.HIGH if is_loose or not after else Severity.MEDIUM


def _weigh_namespaces(before: Any, after: Any) -> Severity:
    reach = {None: 0, "Same": 0, "Selector": 1, "All": 2}
    return Severity.HIGH if reach.get(after, 2) > reach.get(before, 0) else Severity.LOW


_SWITCHED: Weigh = when_switched(Severity.HIGH)
_TLS_OFF: Weigh = when_added(Severity.HIGH)


def _access(at: Names) -> list[Rule]:
    return [
        Rule(
            at=(*at, "allowedNamespaces", "from"),
            kind=Kind.ACCESS,
            label="namespaces that may use it",
            weigh=_weigh_namespaces,
        ),
        Rule(at=(*at, "allowedNamespaces"), kind=Kind.ACCESS, label="namespaces", weigh=MEDIUM),
    ]


def _tls() -> list[Rule]:
    return [
        Rule(at=("tls",), kind=Kind.ACCESS, label="TLS", weigh=MEDIUM),
        Rule(
            at=("tls", "disableVerify"),
            kind=Kind.ACCESS,
            label="acceptance of any certificate",
            weigh=_TLS_OFF,
        ),
        Rule(
            at=("tls", "caCertSecretRef"),
            kind=Kind.SECRETS,
            label="Secret of the CA certificate",
            weigh=MEDIUM,
        ),
    ]


def _secret(at: Names, label: str) -> Rule:
    return Rule(at=at, kind=Kind.SECRETS, label=label, weigh=MEDIUM, show=None, is_whole=True)


def _pod(at: Names) -> list[Rule]:
    infrastructure = Kind.INFRASTRUCTURE

    def rule(place: Names, label: str, weigh: Weigh = LOW, **rest: Any) -> Rule:
        return Rule(at=(*at, *place), kind=infrastructure, label=label, weigh=weigh, **rest)

    return [
        rule((), "deployment"),
        rule(("image",), "image", MEDIUM, show=shown.address),
        rule(("imageRegistry",), "image registry", MEDIUM),
        rule(("replicas",), "replicas"),
        rule(("cmd",), "command", MEDIUM),
        rule(("args",), "arguments", MEDIUM, show=shown.arguments, is_whole=True),
        rule(("resources", "requests", ANY), "requested {}"),
        rule(("resources", "limits", ANY), "limit of {}"),
        rule(("env", ANY), "variable {}", show=source, is_whole=True),
        rule(("envFrom",), "variables", MEDIUM, show=shown.value, is_whole=True),
        rule(("volumes", ANY), "volume {}", _weigh_volume, show=_volume, is_whole=True),
        rule(("volumeMounts", ANY), "mount at {}", MEDIUM, is_whole=True),
        rule(("labels", ANY), "pod label {}"),
        rule(("annotations", ANY), "pod annotation {}", show=None),
        rule(("deploymentAnnotations", ANY), "annotation {}", show=None),
        rule(("securityContext",), "security context", _weigh_security, is_whole=True),
        rule(("podSecurityContext",), "pod security context", _weigh_security, is_whole=True),
        rule(("serviceAccountName",), "service account", when_added(Severity.HIGH)),
        rule(("serviceAccountConfig",), "service account", MEDIUM),
        rule(("serviceAccount",), "service account", MEDIUM),
        rule(("extraContainers", ANY), "container {}", MEDIUM, show=_image, is_whole=True),
        rule(("sidecars", ANY), "container {}", MEDIUM, show=_image, is_whole=True),
        rule(("initContainer",), "init container", MEDIUM, show=None),
        rule(("tolerations",), "tolerations", is_whole=True),
        rule(("affinity",), "affinity", show=None, is_whole=True),
        rule(("nodeSelector", ANY), "node label {}"),
        rule(("configMapRefs", ANY), "files from ConfigMap {}", show=None, is_whole=True),
        _secret((*at, "imagePullSecrets", ANY), "pull Secret {}"),
        _secret((*at, "secretRefs", ANY), "variables from Secret {}"),
    ]


def _skill(entry: Any) -> str:
    if not isinstance(entry, Mapping):
        return ""
    place = shown.address(entry.get("url") or entry.get("uri") or "")
    return f"{place} at {shown.code(entry['ref'])}" if entry.get("ref") else place


_AGENT_REST: tuple[tuple[str, Kind, str, Weigh], ...] = (
    ("type", Kind.INFRASTRUCTURE, "type", when_switched(Severity.HIGH)),
    ("declarative.runtime", Kind.INFRASTRUCTURE, "runtime", MEDIUM),
    ("declarative.stream", Kind.OTHER, "streaming", LOW),
    (
        "declarative.executeCodeBlocks",
        Kind.ACCESS,
        "running code of its answers",
        when_added(Severity.HIGH),
    ),
    (
        "declarative.shareTools",
        Kind.TOOLS,
        "tools that share its sessions",
        when_added(Severity.MEDIUM),
    ),
    ("declarative.memory", Kind.MEMORY, "memory", MEDIUM),
    ("declarative.memory.modelConfig", Kind.MEMORY, "memory with the model", MEDIUM),
    ("declarative.memory.ttlDays", Kind.MEMORY, "days that memories are kept", MEDIUM),
    ("declarative.context.compaction", Kind.CONTEXT, "compaction", MEDIUM),
    ("declarative.a2aConfig.skills", Kind.DESCRIPTION, "skill on the card", LOW),
    ("iconUrl", Kind.DESCRIPTION, "icon", LOW),
    ("documentationUrl", Kind.DESCRIPTION, "documentation", LOW),
    ("version", Kind.DESCRIPTION, "version", LOW),
    ("provider", Kind.DESCRIPTION, "provider", LOW),
)

AGENT: Sequence[Rule] = [
    Rule(at=(), kind=Kind.OTHER, label=""),
    *(
        Rule(at=tuple(place.split(".")), kind=kind, label=label, weigh=weigh)
        for place, kind, label, weigh in _AGENT_REST
    ),
    Rule(at=("skills",), kind=Kind.SKILLS, label="skills", weigh=MEDIUM),
    Rule(
        at=("skills", "refs", ANY),
        kind=Kind.SKILLS,
        label="skill {}",
        weigh=when_added(Severity.HIGH, Severity.MEDIUM),
        show=None,
    ),
    *(
        Rule(
            at=("skills", field, ANY),
            kind=Kind.SKILLS,
            label="skill {}",
            weigh=when_added(Severity.HIGH, Severity.MEDIUM),
            show=_skill,
            is_whole=True,
        )
        for field in ("gitRefs", "s3Refs")
    ),
    Rule(
        at=("skills", "insecureSkipVerify"),
        kind=Kind.SKILLS,
        label="skills from any registry, unverified",
        weigh=_TLS_OFF,
    ),
    Rule(
        at=("skills", "gitAuthSecretRef", "name"),
        kind=Kind.SECRETS,
        label="Secret for skills",
        weigh=MEDIUM,
    ),
    _secret(("skills", "imagePullSecrets", ANY), "pull Secret {} for skills"),
    Rule(at=("skills", "initContainer"), kind=Kind.INFRASTRUCTURE, label="skills' container"),
    Rule(
        at=("skills", "initContainer", "env", ANY),
        kind=Kind.INFRASTRUCTURE,
        label="variable {} of the skills' container",
        show=source,
        is_whole=True,
    ),
    Rule(
        at=("sandbox", "network", "allowedDomains", ANY),
        kind=Kind.ACCESS,
        label="connections to {}",
        weigh=when_added(Severity.HIGH),
        show=None,
    ),
    Rule(at=("sandbox",), kind=Kind.ACCESS, label="sandbox", weigh=MEDIUM),
    *_access(()),
    *_pod(("declarative", "deployment")),
    *_pod(("byo", "deployment")),
]
AGENT_ELSEWHERE: Sequence[Names] = [
    ("description",),
    ("declarative", "systemMessage"),
    ("declarative", "systemMessageFrom"),
    ("declarative", "promptTemplate"),
    ("declarative", "modelConfig"),
    ("declarative", "tools"),
]
"""What `prompts`, `tools` and `agents` say better."""

_ADDRESSES = ("baseUrl", "host", "endpoint", "azureEndpoint", "authUrl")

MODEL: Sequence[Rule] = [
    Rule(at=(), kind=Kind.MODEL, label=""),
    Rule(at=("model",), kind=Kind.MODEL, label="model", weigh=MEDIUM),
    Rule(at=("provider",), kind=Kind.MODEL, label="provider", weigh=MEDIUM),
    Rule(at=("apiKeySecret",), kind=Kind.SECRETS, label="Secret of the API key", weigh=MEDIUM),
    Rule(at=("apiKeySecretKey",), kind=Kind.SECRETS, label="key of that Secret", weigh=MEDIUM),
    Rule(
        at=("apiKeyPassthrough",),
        kind=Kind.SECRETS,
        label="use of the caller's own token",
        weigh=MEDIUM,
    ),
    Rule(at=("defaultHeaders", ANY), kind=Kind.HEADERS, label="header {}", weigh=MEDIUM, show=None),
    *(
        Rule(
            at=(ANY, name),
            kind=Kind.MODEL,
            label=f"{{}} {name}",
            weigh=_SWITCHED,
            show=shown.address,
        )
        for name in _ADDRESSES
    ),
    Rule(at=(ANY, "azureAdToken"), kind=Kind.SECRETS, label="token", weigh=HIGH, show=None),
    Rule(
        at=("bedrock", "additionalModelRequestFields"),
        kind=Kind.MODEL,
        label="additional request fields",
        weigh=MEDIUM,
        show=None,
        is_whole=True,
    ),
    Rule(
        at=("bedrock", "guardrail"),
        kind=Kind.MODEL,
        label="guardrail",
        weigh=when_removed(Severity.HIGH, Severity.MEDIUM),
    ),
    *_tls(),
]

_SERVER: Sequence[Rule] = [
    Rule(at=(), kind=Kind.INFRASTRUCTURE, label=""),
    Rule(at=("description",), kind=Kind.DESCRIPTION, label="description"),
    Rule(at=("timeout",), kind=Kind.INFRASTRUCTURE, label="time limit"),
]

REMOTE_SERVER: Sequence[Rule] = [
    *_SERVER,
    Rule(
        at=("url",),
        kind=Kind.TOOLS,
        label="address of the tools",
        weigh=_SWITCHED,
        show=shown.address,
    ),
    Rule(
        at=("headersFrom", ANY),
        kind=Kind.HEADERS,
        label="header {}",
        weigh=MEDIUM,
        show=source,
        is_whole=True,
    ),
    *_tls(),
    *_access(()),
]

SERVER: Sequence[Rule] = [
    *_SERVER,
    *_pod(("deployment",)),
    Rule(
        at=("deployment", "env", ANY),
        kind=Kind.INFRASTRUCTURE,
        label="variable {}",
        show=None,
        is_whole=True,
    ),
    Rule(
        at=("httpTransport", "tls", "insecureSkipVerify"),
        kind=Kind.ACCESS,
        label="acceptance of any certificate",
        weigh=_TLS_OFF,
    ),
    Rule(at=("httpTransport", "tls", "secretRef"), kind=Kind.SECRETS, label="Secret for TLS"),
]

BY_KIND: Mapping[str, Sequence[Rule]] = {
    "Agent": AGENT,
    "ModelConfig": MODEL,
    "RemoteMCPServer": REMOTE_SERVER,
    "MCPServer": SERVER,
}
