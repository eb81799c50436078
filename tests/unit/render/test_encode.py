"""Values printed by templates are read back as the same values."""

import math

import hypothesis
import pytest
import yaml
from hypothesis import strategies as st

from controller.render.encode import encode

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@hypothesis.given(PLAIN)
def test_yaml_reads_back_what_was_encoded(value: object) -> None:
    assert yaml.load(f"a: {encode(value)}\nb: 1\n", yaml.CSafeLoader) == {"a": value, "b": 1}


@pytest.mark.parametrize("value", ["yes", "null", "1e3", "0x10", "2026-11-24", "~", "", "- a", "#"])
def test_text_that_looks_like_something_else_stays_text(value: str) -> None:
    assert yaml.safe_load(encode(value)) == value


@pytest.mark.parametrize("value", [1e16, 1e-7, -2.5e300, 0.1])
def test_numbers_stay_numbers(value: float) -> None:
    assert yaml.safe_load(encode({"a": [value]})) == {"a": [value]}


def test_sets_are_sorted() -> None:
    assert encode({"b", "a"}) == '["a", "b"]'


@pytest.mark.parametrize("value", [math.nan, math.inf, "\ud800", {"a": "\udfff"}])
def test_what_yaml_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"number|Unicode"):
        encode(value)


def test_objects_are_refused() -> None:
    with pytest.raises(TypeError, match="object cannot stand in a manifest"):
        encode(object())


def test_long_keys_stay_keys() -> None:
    value = {"a": {"k" * 3000: 1, "short": [{'"' * 1500: "x"}]}}

    assert yaml.load(f"v: {encode(value)}", yaml.CSafeLoader) == {"v": value}
