"""The small modules that write or read text as Go and Kubernetes do."""

from typing import Any

import pytest

from controller.local.apiserver import durations, gojson, gotext, jsonpath, quantity


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{not json", "invalid character 'n' looking for beginning of object key string"),
        ("", "unexpected end of JSON input"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a": 1 "b"}', "invalid character '\"' after object key:value pair"),
        ("[1 2]", "invalid character '2' after array element"),
        ("tru!", "invalid character '!' in literal true (expecting 'e')"),
        ("nope", "invalid character 'o' in literal null (expecting 'u')"),
        ("{} x", "invalid character 'x' after top-level value"),
        ('{"a": [1, {"b": null}], "c": -1.5e3}', ""),
    ],
)
def test_json_faults_are_worded_as_go_words_them(text: str, fault: str) -> None:
    assert gojson.fault(text) == fault


def test_maps_are_written_as_go_prints_them() -> None:
    assert gotext.formatted({"b": [1, None], "a": True}) == "map[a:true b:[1 <nil>]]"


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("2000m", "2"),
        ("0.1", "100m"),
        ("1024Mi", "1Gi"),
        ("0.5Gi", "512Mi"),
        ("1500m", "1500m"),
        ("1000k", "1M"),
        ("1e3", "1e3"),
        ("0", "0"),
        ("100", "100"),
    ],
)
def test_quantities_have_one_form(given: str, canonical: str) -> None:
    assert quantity.canonical(given) == canonical


def test_a_quantity_that_is_none() -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        quantity.canonical("many")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (150, "2m30s"),
        (3600, "60m"),
        (4 * 3600 + 60, "4h1m"),
        (9 * 3600, "9h"),
        (50 * 3600, "2d2h"),
        (30 * 86400, "30d"),
        (800 * 86400, "2y70d"),
        (-5, "<invalid>"),
    ],
)
def test_durations_are_shortened(seconds: int, text: str) -> None:
    assert durations.duration(seconds) == text


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".spec.size", [3]),
        (".spec.items[0].name", ["a"]),
        (".spec.items[*].name", ["a", "b"]),
        (".spec.items[?(@.name=='b')].v", [2]),
        (".metadata.labels['a.b/c']", ["x"]),
        (r".metadata.labels.a\.b/c", ["x"]),
        (".nope.at.all", []),
        (".spec.items[7]", []),
    ],
)
def test_json_paths(path: str, found: list[Any]) -> None:
    items = [{"name": "a", "v": 1}, {"name": "b", "v": 2}]
    value = {"metadata": {"labels": {"a.b/c": "x"}}, "spec": {"size": 3, "items": items}}

    assert jsonpath.find(value, path) == found
