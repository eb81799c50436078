"""Agents that call agents: cycles, and chains that are too long."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from controller.definitions import references
from controller.definitions.catalog import Definition
from controller.definitions.findings import DefinitionId, Finding, Position

MAX_DEPTH = 10
"""Most calls from the first agent of a chain to its last, as in kagent's translator."""

Calls = Mapping[DefinitionId, Iterable[DefinitionId]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chained:
    """What is wrong with the calls between agents, and the agents that cannot run for it."""

    findings: tuple[Finding, ...]
    broken: frozenset[DefinitionId]


def check(calls: Calls, definitions: Mapping[DefinitionId, Definition]) -> Chained:
    """Find every cycle of agents, and every agent at the head of too long a chain."""
    sizes = depths(calls)
    rings = cycles({caller: set(calls[caller]) - sizes.keys() for caller in calls.keys() - sizes})
    too_deep = sorted(caller for caller, size in sizes.items() if size > MAX_DEPTH)
    findings = [_cycle(ring, definitions) for ring in rings]
    findings += [_too_deep(definitions[caller], sizes[caller]) for caller in too_deep]
    return Chained(
        findings=tuple(findings),
        broken=frozenset(agent for ring in rings for agent in ring).union(too_deep),
    )


def depths(calls: Calls) -> Mapping[DefinitionId, int]:
    """Give the length of the longest chain below each agent that leads to no cycle."""
    waiting = {caller: set(called) & calls.keys() for caller, called in calls.items()}
    callers: dict[DefinitionId, list[DefinitionId]] = {caller: [] for caller in calls}
    for caller, called in waiting.items():
        for callee in called:
            callers[callee].append(caller)
    sizes = {caller: 0 for caller, called in waiting.items() if not called}
    ready = deque(sizes)
    while ready:
        callee = ready.popleft()
        for caller in callers[callee]:
            waiting[caller].discard(callee)
            if not waiting[caller]:
                sizes[caller] = 1 + max(sizes[other] for other in set(calls[caller]) & calls.keys())
                ready.append(caller)
    return sizes


def cycles(calls: Calls) -> list[tuple[DefinitionId, ...]]:
    """Give cycles that share no agent, each from its first agent on, the shortest through it."""
    rest = {caller: sorted(called) for caller, called in calls.items()}
    found: list[tuple[DefinitionId, ...]] = []
    for start in sorted(rest):
        ring = _ring(start, rest)
        if ring:
            found.append(ring)
        for agent in ring or (start,):
            rest.pop(agent, None)
    return found


def _ring(start: DefinitionId, calls: Calls) -> tuple[DefinitionId, ...]:
    """Find the shortest way from an agent to itself, breadth first."""
    came_from: dict[DefinitionId, DefinitionId] = {}
    ready = deque([start])
    while ready:
        caller = ready.popleft()
        for callee in calls.get(caller, ()):
            if callee == start:
                return _way(start, caller, came_from)
            if callee in calls and callee not in came_from:
                came_from[callee] = caller
                ready.append(callee)
    return ()


def _way(
    start: DefinitionId, end: DefinitionId, came_from: Mapping[DefinitionId, DefinitionId]
) -> tuple[DefinitionId, ...]:
    way = [end]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return tuple(reversed(way))


def _cycle(ring: Sequence[DefinitionId], definitions: Mapping[DefinitionId, Definition]) -> Finding:
    names = " -> ".join(f"{agent.namespace}/{agent.name}" for agent in (*ring, ring[0]))
    return Finding(
        rule="reference-cycle",
        message=f"agents call each other in a circle: {names}",
        remedy="Remove one of these tools: an agent that is called cannot call back.",
        position=_call(definitions[ring[0]], ring[1 % len(ring)]),
        definition=ring[0],
    )


def _call(caller: Definition, callee: DefinitionId) -> Position:
    """Give the place where an agent names another as its tool."""
    for reference in references.of(caller):
        if (reference.kind, reference.namespace, reference.name) == (
            callee.kind,
            callee.namespace,
            callee.name,
        ):
            return caller.document.position(reference.path)
    return caller.document.position()


def _too_deep(caller: Definition, size: int) -> Finding:
    return Finding(
        rule="chain-too-deep",
        message=f"{caller.id} leads to a chain of {size} calls; at most {MAX_DEPTH} are allowed",
        remedy="Let this agent call the later agents directly.",
        position=caller.document.position(("spec", "declarative", "tools")),
        definition=caller.id,
    )
