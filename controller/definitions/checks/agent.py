"""Rules of the kind Agent: the CEL rules of kagent's CRD, and what its translator refuses later."""

from collections.abc import Iterator

from controller.definitions import suggest
from controller.definitions.checks import skills, values
from controller.definitions.findings import Severity
from controller.definitions.view import View
from controller.definitions.violation import Violation, dotted

_CONTAINER = "kagent"  # kagent's name for the agent's container, so taken in every pod.
_BLOCKS = {"Declarative": "declarative", "BYO": "byo"}
_TARGETS = {"McpServer": "mcpServer", "Agent": "agent"}


def check(spec: View) -> Iterator[Violation]:
    """Check the spec of an Agent."""
    yield from _blocks(spec)
    yield from values.allowed_namespaces(spec["allowedNamespaces"])
    yield from skills.check(spec["skills"])
    yield from _pod(spec.at("declarative", "deployment"))
    yield from _pod(spec.at("byo", "deployment"))
    if spec["declarative"]:
        yield from _system_message(spec["declarative"])
        yield from _model(spec["declarative"])
    for tool in spec.at("declarative", "tools").each():
        yield from _tool(tool)
    if spec["byo"] and spec["type"].text == "BYO":
        yield from _image(spec["byo"])


def _blocks(spec: View) -> Iterator[Violation]:
    """CEL: declarative must be specified if type is Declarative, or byo if type is BYO."""
    kind = spec["type"].text or "Declarative"
    needed = _BLOCKS.get(kind, "")
    if needed and not spec[needed]:
        yield Violation(
            rule="agent-block-missing",
            path=spec["type"].path if spec["type"] else spec.path,
            message=f"an agent of type {kind} needs 'spec.{needed}'",
            remedy=f"Add 'spec.{needed}', or set 'spec.type' to the type that is described.",
        )
    for block in _BLOCKS.values():
        if needed and block != needed and spec[block] and spec[needed]:
            yield Violation(
                rule="agent-block-unused",
                path=spec[block].path,
                message=f"'spec.{block}' has no effect: the agent is of type {kind}",
                remedy=f"Remove 'spec.{block}', or change 'spec.type'.",
                severity=Severity.WARNING,
            )


def _system_message(declarative: View) -> Iterator[Violation]:
    text, source = declarative["systemMessage"], declarative["systemMessageFrom"]
    if text and source:
        yield Violation(
            rule="system-message-conflict",
            path=source.path,
            message="'systemMessage' and 'systemMessageFrom' exclude each other",
            remedy="Keep one of them.",
        )
    is_written = declarative.holds("systemMessage") and text.value != ""
    if not source and not is_written:
        yield Violation(
            rule="system-message-missing",
            path=declarative.path,
            message="the agent has no system message",
            remedy="Add 'systemMessage', or 'systemMessageFrom' with a key of a ConfigMap.",
        )


def _model(declarative: View) -> Iterator[Violation]:
    """Refuse an agent without a model: kagent documents a default and has none (kagent #2513)."""
    if not declarative.holds("modelConfig") or declarative["modelConfig"].value == "":
        yield Violation(
            rule="model-missing",
            path=declarative.path,
            message="the agent names no ModelConfig",
            remedy="Add 'modelConfig' with the name of a ModelConfig in the same namespace.",
        )


def _tool(tool: View) -> Iterator[Violation]:
    kind = tool["type"].text
    yield from _tool_target(tool, kind)
    if tool["isolateSessions"] and kind == "McpServer":
        yield Violation(
            rule="isolate-sessions-misplaced",
            path=tool["isolateSessions"].path,
            message="'isolateSessions' is for tools of type Agent only",
            remedy="Remove it.",
        )
    yield from _approvals(tool["mcpServer"])
    yield from values.headers(tool["headersFrom"])
    for misplaced in (tool["mcpServer"]["headersFrom"], tool["agent"]["headersFrom"]):
        if misplaced:
            yield from values.headers(misplaced)


def _tool_target(tool: View, kind: str) -> Iterator[Violation]:
    """CEL: mcpServer and agent are given exactly where the type says so."""
    given = [name for name in _TARGETS.values() if tool[name]]
    if not tool["type"]:
        yield Violation(
            rule="tool-type-missing",
            path=tool.path,
            message=f"{dotted(tool.path)} has no type",
            remedy=f"Add 'type: {'Agent' if given == ['agent'] else 'McpServer'}'.",
        )
    needed = _TARGETS.get(kind)
    if needed and not tool[needed]:
        yield Violation(
            rule="tool-target-missing",
            path=tool["type"].path,
            message=f"a tool of type {kind} needs '{needed}'",
            remedy=f"Add '{needed}' with the name of what is called.",
        )
    for name in given:
        if needed and name != needed:
            yield Violation(
                rule="tool-target-mismatch",
                path=tool[name].path,
                message=f"'{name}' does not go with the type {kind}",
                remedy=f"Remove '{name}', or change 'type'.",
            )


def _approvals(server: View) -> Iterator[Violation]:
    """CEL: each requireApproval entry must also appear in toolNames."""
    names = server["toolNames"].texts()
    for wanted in server["requireApproval"].each():
        if wanted.text and wanted.text not in names:
            near = suggest.nearest(wanted.text, names)
            hint = f"Did you mean {near!r}? Otherwise add" if near else "Add"
            yield Violation(
                rule="approval-unlisted",
                path=wanted.path,
                message=f"{wanted.text!r} needs approval, and is not in 'toolNames'",
                remedy=f"{hint} it to 'toolNames', or remove it here.",
            )


def _pod(deployment: View) -> Iterator[Violation]:
    yield from values.service_account(deployment, "serviceAccountConfig")
    yield from values.environment(deployment["env"])
    yield from values.containers(deployment["extraContainers"], _CONTAINER)


def _image(byo: View) -> Iterator[Violation]:
    if not byo.at("deployment", "image"):
        yield Violation(
            rule="byo-image-missing",
            path=byo["deployment"].path,
            message="an agent of type BYO needs an image",
            remedy="Add 'spec.byo.deployment.image': an image that serves A2A on port 8080.",
        )
