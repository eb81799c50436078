from collections.abc import Mapping

import pytest

from controller.definitions import chains
from controller.definitions.findings import DefinitionId


def agent(name: str) -> DefinitionId:
    return DefinitionId("Agent", "team", name)


def calls(graph: str) -> Mapping[DefinitionId, list[DefinitionId]]:
    """Read `a>bc b>c c` as: a calls b and c, b calls c."""
    pairs = (item.partition(">") for item in graph.split())
    return {agent(caller): [agent(name) for name in called] for caller, _, called in pairs}


def names(ring: tuple[DefinitionId, ...]) -> str:
    return "".join(id_.name for id_ in ring)


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        ("a", {"a": 0}),
        ("a>b b>c c", {"a": 2, "b": 1, "c": 0}),
        ("a>bc b>c c", {"a": 2, "b": 1, "c": 0}),
        ("a>x", {"a": 0}),
        ("a>b b>a c>a d", {"d": 0}),
    ],
)
def test_the_depth_is_the_longest_chain_below(graph: str, expected: dict[str, int]) -> None:
    found = chains.depths(calls(graph))

    assert {id_.name: size for id_, size in found.items()} == expected


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        ("a>b b", []),
        ("a>b b>a", ["ab"]),
        ("a>b b>c c>a", ["abc"]),
        ("a>bc b>c c>a", ["ac"]),
        ("a>b b>a c>d d>c", ["ab", "cd"]),
        ("a>b b>c c>b", ["bc"]),
        ("a>bc b>a c>a", ["ab"]),
    ],
)
def test_cycles_are_found_whole_and_short(graph: str, expected: list[str]) -> None:
    assert [names(ring) for ring in chains.cycles(calls(graph))] == expected


def test_long_chains_and_rings_need_no_recursion() -> None:
    ring = {agent(f"{n:05}"): [agent(f"{(n + 1) % 3000:05}")] for n in range(3000)}
    chain = {agent(f"{n:05}"): [agent(f"{n + 1:05}")] for n in range(3000)}

    assert len(chains.cycles(ring)[0]) == 3000
    assert max(chains.depths(chain).values()) == 2999
