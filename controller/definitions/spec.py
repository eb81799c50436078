"""The spec of a definition that Roster runs: its model, and the rules of its kind."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pydantic

from controller.definitions import kinds, modelerrors
from controller.definitions.checks import agent, mcpserver, modelconfig
from controller.definitions.view import View
from controller.definitions.violation import Violation

_CHECKS: Mapping[str, Callable[[View], Iterator[Violation]]] = {
    "Agent": agent.check,
    "ModelConfig": modelconfig.check,
    "RemoteMCPServer": mcpserver.check_remote,
    "MCPServer": mcpserver.check,
}
_TOP = dict.fromkeys(("apiVersion", "kind", "metadata", "spec", "status"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """The model of a spec, None where it does not fit, and everything that is wrong with it."""

    model: pydantic.BaseModel | None
    violations: tuple[Violation, ...]


def read(kind: str, document: View) -> Spec:
    """Read the spec of a document of a kind in `kinds.SPECS`."""
    view = document["spec"] or View({}, ("spec",))
    model, violations = validate(kinds.SPECS[kind][1], view)
    found = (*unknown_top_fields(document), *violations, *_CHECKS[kind](view))
    return Spec(model=model, violations=found)


def unknown_top_fields(document: View) -> Iterator[Violation]:
    """Give a violation for each field beside `spec` that no definition has."""
    for value in document.each():
        if value.path[-1] not in _TOP:
            yield modelerrors.unknown_field(value.path, _TOP)


def validate(
    model: type[pydantic.BaseModel], view: View
) -> tuple[pydantic.BaseModel | None, tuple[Violation, ...]]:
    """Read a model from data: the model or None, and what does not fit."""
    try:
        return model.model_validate(view.value), ()
    except pydantic.ValidationError as error:
        return None, tuple(modelerrors.violations(model, error, view.path))
