"""Prompts: each changed text once, at its own place, with every agent that it reaches."""

from typing import Any

import pytest
import yaml

from controller.definitions.catalog import Catalog
from controller.definitions.parse import parse
from controller.definitions.resolve import resolve
from controller.diff.semantic.change import Change, Mark
from controller.diff.semantic.compare import compare

HOUSE = {"style": "Be brief.", "care": "Be careful."}
SIGNS = {Mark.SAME: "{}", Mark.ADDED: "{{+{}+}}", Mark.REMOVED: "[-{}-]", Mark.GAP: "<{}>"}


def agent(name: str, message: Any, *, alias: str = "h", source: str = "house") -> dict[str, Any]:
    own = {"systemMessage": message} if isinstance(message, str) else {"systemMessageFrom": message}
    sources = [{"kind": "ConfigMap", "name": source, "alias": alias}]
    declarative = {"modelConfig": "m", **own, "promptTemplate": {"dataSources": sources}}
    return {
        "apiVersion": "kagent.dev/v1alpha2",
        "kind": "Agent",
        "metadata": {"name": name},
        "spec": {"declarative": declarative},
    }


def holder(name: str, kind: str = "ConfigMap", **data: str) -> dict[str, Any]:
    field = "data" if kind == "ConfigMap" else "stringData"
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, field: data}


def catalog(*documents: dict[str, Any]) -> Catalog:
    files = {
        f"{item['kind']}-{item['metadata']['name']}.yaml": yaml.safe_dump(item).encode()
        for item in documents
    }
    return resolve(parse(files, namespace="ns"))


def told(before: Catalog, after: Catalog) -> list[tuple[str, str, str, list[str]]]:
    return [
        (
            f"{change.definition.kind} {change.definition.name}",
            change.summary,
            words(change),
            [user.name for user in change.agents],
        )
        for change in compare(before, after).changes
        if change.kind == "prompt"
    ]


def words(change: Change) -> str:
    return "".join(SIGNS[piece.mark].format(piece.text) for piece in change.pieces)


def test_a_shared_text_is_told_once_for_all_that_include_it() -> None:
    agents = [agent(name, '{{include "h/style"}} I am {{.AgentName}}.') for name in ("a", "b")]
    other = agent("c", '{{include "h/care"}}')

    found = told(
        catalog(*agents, other, holder("house", **HOUSE)),
        catalog(*agents, other, holder("house", **{**HOUSE, "style": "Be very brief."})),
    )

    expected = (
        "ConfigMap house",
        "shared prompt `style` changed",
        "Be {+very +}brief.",
        ["a", "b"],
    )
    assert found == [expected]


def test_a_new_include_shows_what_it_brings() -> None:
    before = catalog(agent("a", "Hello."), holder("house", **HOUSE))
    after = catalog(agent("a", 'Hello. {{include "h/care"}}'), holder("house", **HOUSE))

    expected = ("Agent a", "system message changed", "Hello. {+Be careful.+}", ["a"])
    assert told(before, after) == [expected]


def test_own_and_shared_text_are_told_apart() -> None:
    found = told(
        catalog(agent("a", 'One. {{include "h/style"}}'), holder("house", style="Be brief.")),
        catalog(agent("a", 'Two. {{include "h/style"}}'), holder("house", style="Be long.")),
    )

    assert found == [
        ("Agent a", "system message changed", "[-One-]{+Two+}. Be long.", ["a"]),
        ("ConfigMap house", "shared prompt `style` changed", "Be [-brief-]{+long+}.", ["a"]),
    ]


def test_another_source_under_the_same_alias_is_seen() -> None:
    shared = [holder("house", style="Be brief."), holder("garden", style="Be long.")]
    message = '{{include "h/style"}}'

    found = told(
        catalog(agent("a", message), *shared),
        catalog(agent("a", message, source="garden"), *shared),
    )

    assert found == [("Agent a", "system message changed", "Be [-brief-]{+long+}.", ["a"])]


def test_a_whole_message_in_a_config_map_is_told_there() -> None:
    source = {"type": "ConfigMap", "name": "texts", "key": "system"}
    agents = [agent("a", source), agent("b", source)]

    found = told(
        catalog(*agents, holder("texts", system="Be kind.")),
        catalog(*agents, holder("texts", system="Be firm.")),
    )

    assert found == [
        ("ConfigMap texts", "system message changed", "Be [-kind-]{+firm+}.", ["a", "b"])
    ]


def test_a_message_in_a_secret_is_never_shown() -> None:
    source = {"type": "Secret", "name": "texts", "key": "system"}

    found = told(
        catalog(agent("a", source), holder("texts", "Secret", system="s3cret one")),
        catalog(agent("a", source), holder("texts", "Secret", system="s3cret two")),
    )

    summary = "system message changed, from `Secret ns/texts`, which is not shown"
    assert found == [("Agent a", summary, "", ["a"])]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("{{if .Description}}x{{else}}y{{end}}", "{{if .Description}}x{{else}}z{{end}}", "y"),
        ('{{include "h/missing"}} one', '{{include "h/missing"}} two', "one"),
        ("{{broken one", "{{broken two", "one"),
    ],
    ids=["a branch not taken", "a missing text", "no template"],
)
def test_what_cannot_be_expanded_is_told_as_written(before: str, after: str, expected: str) -> None:
    shared = holder("house", **HOUSE)
    ((_, summary, text, _),) = told(
        catalog(agent("a", before), shared), catalog(agent("a", after), shared)
    )

    assert summary == "system message changed"
    assert f"[-{expected}-]" in text


def test_white_space_is_told_as_such() -> None:
    found = told(catalog(agent("a", "Be kind.")), catalog(agent("a", "Be\nkind.")))

    assert found == [("Agent a", "system message changed, only its white space", "", ["a"])]


def test_variables_do_not_tell_a_change_twice() -> None:
    """That the description changed is said; the prompt that quotes it was not touched."""
    one, two = (agent("a", "I do: {{.Description}}") for _ in range(2))
    one["spec"]["description"], two["spec"]["description"] = "this", "that"

    assert told(catalog(one), catalog(two)) == []
