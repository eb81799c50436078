"""Rendered components, remembered by what they were rendered from.

A component is used again when everything it read is as it was: its definition, each definition,
ConfigMap and Secret that it looked up (or did not find), the options and the templates. One is kept
for each definition of an application, the latest.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from controller.definitions.findings import DefinitionId, Finding
from controller.render.component import Component
from controller.render.options import RenderOptions

_MOST = 8_192
"""Components that are kept, over all applications: some 20 KB each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A component, what was found while it was rendered, and what was read for it."""

    component: Component
    findings: tuple[Finding, ...]
    read: frozenset[DefinitionId]


@dataclass(frozen=True, slots=True)
class _Kept:
    inputs: tuple[object, ...]
    states: Mapping[DefinitionId, str | None]
    made: Made


@dataclass(slots=True)
class _Slot:
    """One place of the cache; its content is replaced as a whole, so threads need no lock."""

    kept: _Kept | None = field(default=None)


def remembered(
    id_: DefinitionId,
    options: RenderOptions,
    inputs: tuple[object, ...],
    *,
    state: Callable[[DefinitionId], str | None],
    render: Callable[[], Made],
) -> Made:
    """Give the component of a definition, rendered anew only if an input has changed.

    Args:
        id_: The definition.
        options: What it is rendered with.
        inputs: What else it depends on, beside what it reads.
        state: Tells the present state of something that can be read.
        render: Renders it.
    """
    slot = _slot(options.application, id_)
    inputs = (options.key, *inputs)
    kept = slot.kept
    if kept and kept.inputs == inputs and _is_current(kept, state):
        return kept.made
    made = render()
    slot.kept = _Kept(inputs, {wanted: state(wanted) for wanted in made.read}, made)
    return made


def _is_current(kept: _Kept, state: Callable[[DefinitionId], str | None]) -> bool:
    return all(state(wanted) == before for wanted, before in kept.states.items())


@functools.lru_cache(maxsize=_MOST)
def _slot(_application: str, _id: DefinitionId) -> _Slot:
    return _Slot()
