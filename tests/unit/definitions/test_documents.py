"""Reading YAML text that its author, or an attacker, got wrong."""

import itertools
import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from controller.definitions import documents


def data(text: str) -> object:
    built = documents.build(text)
    assert built.problems == ()
    return built.data


def rules(text: str) -> list[str]:
    return [problem.rule for problem in documents.build(text).problems]


def test_documents_are_cut_at_their_markers() -> None:
    chunks = documents.split("a: 1\n---\nb: 2\n--- # comment\nc: 3\n...\n---\nd: 4\n")

    assert [(chunk.line, documents.build(chunk.text).data) for chunk in chunks] == [
        (1, {"a": 1}),
        (2, {"b": 2}),
        (4, {"c": 3}),
        (7, {"d": 4}),
    ]


def test_directives_stay_with_their_document() -> None:
    chunks = documents.split("%YAML 1.1\n# comment\n---\na: 1\n...\n%YAML 1.1\n---\nb: 2\n")

    assert [documents.build(chunk.text).data for chunk in chunks] == [{"a": 1}, {"b": 2}]


def test_dashes_inside_of_text_cut_nothing() -> None:
    chunks = documents.split("a: |\n  ---\n  text\nb: '---'\n----: c\n")

    assert len(chunks) == 1


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "---\n---\n# x\n"])
def test_empty_documents_say_nothing(text: str) -> None:
    assert [data(chunk.text) for chunk in documents.split(text)] in ([], [None], [None, None])


def test_aliases_and_merge_keys_are_expanded() -> None:
    text = "base: &b {a: 1, b: 2}\nother: &o {b: 3}\nuse: {<<: *b, a: 9}\nboth: {<<: [*o, *b]}"

    assert data(text) == {
        "base": {"a": 1, "b": 2},
        "other": {"b": 3},
        "use": {"a": 9, "b": 2},
        "both": {"a": 1, "b": 3},
    }


def test_a_quoted_merge_key_is_a_key() -> None:
    assert data("'<<': 1") == {"<<": 1}


def test_explicit_tags_of_json_types_are_taken() -> None:
    assert data("a: !!str 1\nb: !!int 2\nc: ! 3\nd: !!map {}\ne: !!seq []\nf: !!float 2") == {
        "a": "1",
        "b": 2,
        "c": "3",
        "d": {},
        "e": [],
        "f": 2,
    }


def test_keys_are_text_as_in_json() -> None:
    assert data("on: 1\n8080: 2\n~: 3") == {"on": 1, "8080": 2, "~": 3}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a: 1\na: 2", "duplicate-key"),
        ("a: {b: 1, b: 2}", "duplicate-key"),
        ("a: [", "invalid-yaml"),
        ("a:\n\t- b", "invalid-yaml"),
        ("a: 'open", "invalid-yaml"),
        ("a: b: c", "invalid-yaml"),
        ("a: *nowhere", "invalid-yaml"),
        ("a: &a [*a]", "invalid-yaml"),
        ("\x85*nowhere", "invalid-yaml"),
        ("a: \x00", "invalid-yaml"),
        ('a: "\\ud800"', "invalid-yaml"),
        ("a: {{ .Values.a }}", "unsupported-yaml"),
        ("? [a]\n: b", "unsupported-yaml"),
        ("&a a: 1\n*a : 2", "unsupported-yaml"),
        ("a: !include b", "unsupported-yaml"),
        ("a: !!binary aGk=", "unsupported-yaml"),
        ("a: !!int text", "unsupported-yaml"),
        ("a: !!set {b}", "unsupported-yaml"),
        ("a: {<<: 1}", "unsupported-yaml"),
        ("a: .nan", "unsupported-yaml"),
        ("<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> other", "merge-conflict"),
        ("[" * 200, "too-large"),
        ("- " * 200, "too-large"),
    ],
    ids=repr,
)
def test_bad_text_is_one_problem(text: str, rule: str) -> None:
    assert rules(text) == [rule]


def test_several_problems_of_one_document_are_found_in_one_pass() -> None:
    assert rules("a: 1\na: 2\nb: !x 1\nc: .inf\nd: [") == [
        "duplicate-key",
        "unsupported-yaml",
        "unsupported-yaml",
        "invalid-yaml",
    ]


def test_a_bomb_of_aliases_is_stopped_before_it_expands() -> None:
    levels = "abcdefghij"
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{later}: &{later} [{', '.join([f'*{earlier}'] * 9)}]\n"
        for earlier, later in itertools.pairwise(levels)
    )

    assert rules(bomb) == ["too-large"]


def test_a_long_text_behind_many_aliases_is_stopped() -> None:
    bomb = f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 100)}]"

    assert rules(bomb) == ["too-large"]


def test_deep_nesting_is_stopped_at_once() -> None:
    """libyaml takes quadratic time for it, and PyYAML's composer kills the process."""
    started = time.process_time()

    assert rules("[" * 1_000_000) == ["too-large"]
    assert time.process_time() - started < 5


@given(st.text())
def test_any_text_is_read_without_an_exception(text: str) -> None:
    for chunk in documents.split(text):
        documents.build(chunk.text)


YAML_PIECES = st.one_of(
    st.sampled_from(["---\n", "...\n", "&x ", "*x", "!t ", "<<", ": ", "- ", "? ", "|\n", "  "]),
    st.sampled_from("ab1~,[]{}'\"#%\n\tyé\x85\ufeff@`>"),
)


@given(st.lists(YAML_PIECES, max_size=30).map("".join))
def test_anything_that_looks_like_yaml_is_read_without_an_exception(text: str) -> None:
    for chunk in documents.split(text):
        documents.build(chunk.text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_what_pyyaml_writes_is_read_as_it_was(value: object) -> None:
    text = yaml.dump(value, Dumper=yaml.CSafeDumper, allow_unicode=False)
    chunks = documents.split(text)

    assert [documents.build(chunk.text).data for chunk in chunks] == [value]
