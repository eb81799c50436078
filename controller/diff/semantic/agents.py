"""What changed in one agent beside its prompt: model, description, limits, workload."""

from collections.abc import Iterator

from controller.definitions.agent import AgentSpec
from controller.definitions.catalog import Catalog, Definition, Path
from controller.definitions.findings import DefinitionId, Position
from controller.definitions.modelconfig import ModelConfigSpec
from controller.diff.semantic import facts, rules, shown, words
from controller.diff.semantic.change import Kind, Mark, Piece, Severity
from controller.diff.semantic.facts import Facts, Told

DEFAULT_MODEL = "default-model-config"
"""What kagent takes where an agent names no ModelConfig."""
_MODEL: Path = ("spec", "declarative", "modelConfig")
_NO_FACTS: Facts = {}


def model(
    old: Definition | None, new: Definition | None, before: Catalog, after: Catalog
) -> Iterator[Told]:
    """Give the change to another ModelConfig, with what differs between the two."""
    was, now = model_of(old), model_of(new)
    if was == now or (was is None and now is None):
        return
    position = _position(old, new, _MODEL)
    one, other = _described(was, before), _described(now, after)
    summary = f"model {one} → {other}" if one and other else f"model {one or other}"
    yield Told(kind=Kind.MODEL, severity=Severity.MEDIUM, summary=summary, position=position)
    if was is None or now is None:
        return
    for told in facts.compare(_model_facts(was, before), _model_facts(now, after), None, None):
        if told.summary.startswith(("model ", "provider ")):
            continue
        yield Told(kind=told.kind, severity=told.severity, summary=told.summary, position=position)


def model_of(definition: Definition | None) -> DefinitionId | None:
    """Give the ModelConfig of an agent; None where it has none."""
    spec = definition.spec if definition else None
    if definition is None or not isinstance(spec, AgentSpec) or spec.declarative is None:
        return None
    name = spec.declarative.model_config_name or DEFAULT_MODEL
    return DefinitionId("ModelConfig", definition.id.namespace, name)


def description(
    old: Definition | None, new: Definition | None
) -> Iterator[tuple[Told, tuple[Piece, ...]]]:
    """Give the change of the text by which callers choose the agent."""
    one, other = _description(old), _description(new)
    if one == other:
        return
    if not one or not other:
        verb, mark = ("added", Mark.ADDED) if other else ("removed", Mark.REMOVED)
        pieces = words.excerpt(one or other, mark)
    else:
        verb, pieces = "changed", words.compare(one, other)
    yield (
        Told(
            kind=Kind.DESCRIPTION,
            severity=Severity.LOW,
            summary=f"description {verb}",
            position=_position(old, new, ("spec", "description")),
        ),
        pieces,
    )


def network(old: Definition | None, new: Definition | None) -> Iterator[Told]:
    """Give the end, or the beginning, of the limit on outgoing connections."""
    was, now = _is_limited(old), _is_limited(new)
    if old is None or new is None or was == now:
        return
    summary = "connections are limited now" if now else "connections are no longer limited"
    yield Told(
        kind=Kind.ACCESS,
        severity=Severity.LOW if now else Severity.HIGH,
        summary=summary,
        position=_position(old, new, ("spec", "sandbox")),
    )


def _is_limited(definition: Definition | None) -> bool:
    spec = definition.spec if definition else None
    sandbox = spec.sandbox if isinstance(spec, AgentSpec) else None
    return sandbox is not None and sandbox.network is not None


def _description(definition: Definition | None) -> str:
    spec = definition.spec if definition else None
    return (spec.description or "") if isinstance(spec, AgentSpec) else ""


def _described(id_: DefinitionId | None, catalog: Catalog) -> str:
    if id_ is None:
        return ""
    found = catalog.definitions.get(id_)
    spec = found.spec if found else None
    if not isinstance(spec, ModelConfigSpec):
        return shown.code(id_.name)
    return f"{shown.code(id_.name)} ({spec.provider} {shown.code(spec.model)})"


def _model_facts(id_: DefinitionId, catalog: Catalog) -> Facts:
    found = catalog.definitions.get(id_)
    if found is None or found.spec is None:
        return _NO_FACTS
    return facts.of(found.spec, rules.MODEL, without=())


def _position(old: Definition | None, new: Definition | None, path: Path) -> Position:
    definition = new or old
    return definition.document.position(path) if definition else Position("")
