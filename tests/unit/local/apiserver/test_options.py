"""What a request says beside its object, and how the real server refuses what makes no sense."""

import json
from typing import Any

import pytest

from controller.local.apiserver import gojson, gotext, options
from controller.local.apiserver.errors import ApiError
from controller.local.apiserver.requests import Request, parse_query

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"


def request(
    method: str, query: str = "", *, media: str = "application/json", body: Any = None
) -> Request:
    return Request(
        method=method,
        path="/api/v1/namespaces/default/configmaps/a",
        query=parse_query(query.encode()),
        headers={"content-type": media},
        body=json.dumps(body).encode() if body is not None else b"",
    )


def refusal(error: ApiError) -> str:
    """The message behind the kind of options."""
    return error.message.partition(" is invalid: ")[2] or error.message


@pytest.mark.parametrize(
    ("method", "query", "media", "message"),
    [
        ("POST", "dryRun=Some", "", 'dryRun: Unsupported value: ["Some"]: supported values: "All"'),
        ("POST", "fieldManager=" + "x" * 129, "",
         "fieldManager: Too long: may not be more than 128 bytes"),
        ("PUT", "fieldManager=a%01", "",
         'fieldManager: Invalid value: "a\\u0001": should only contain printable characters'),
        ("POST", "fieldValidation=Maybe", "",
         ('fieldValidation: Unsupported value: "Maybe": '
         'supported values: "", "Ignore", "Strict", "Warn"')),
        ("PATCH", "", APPLY, "fieldManager: Required value: is required for apply patch"),
        ("PATCH", "force=true", MERGE,
         "force: Forbidden: may not be specified for non-apply patch"),
    ],
)  # fmt: skip
def test_options_of_writes_that_make_no_sense(
    method: str, query: str, media: str, message: str
) -> None:
    with pytest.raises(ApiError) as refused:
        options.check_write(request(method, query, media=media))

    assert (refused.value.code, refusal(refused.value)) == (422, message)


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("resourceVersion=abc", 400,
         ('invalid resource version: resourceVersion: Invalid value: "abc": '
         'strconv.ParseUint: parsing "abc": invalid syntax')),
        ("timeoutSeconds=x", 400, 'strconv.ParseInt: parsing "x": invalid syntax'),
        ("resourceVersionMatch=Exact", 422,
         ("resourceVersionMatch: Forbidden: "
         "resourceVersionMatch is forbidden unless resourceVersion is provided")),
        ("resourceVersionMatch=Exact&resourceVersion=0", 422,
         ('resourceVersionMatch: Forbidden: '
         'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')),
        ("resourceVersionMatch=Near&resourceVersion=1", 422,
         ('resourceVersionMatch: Unsupported value: "Near": '
         'supported values: "Exact", "NotOlderThan", ""')),
        ("sendInitialEvents=true", 422,
         "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"),
        ("watch=1&sendInitialEvents=true", 422,
         ("resourceVersionMatch: Forbidden: "
         "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")),
        ("watch=1&resourceVersionMatch=NotOlderThan", 422,
         ("resourceVersionMatch: Forbidden: "
         "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")),
        ("continue=abc&resourceVersion=5", 400,
         "specifying resource version is not allowed when using continue"),
    ],
)  # fmt: skip
def test_options_of_lists_and_watches_that_make_no_sense(
    query: str, code: int, message: str
) -> None:
    with pytest.raises(ApiError) as refused:
        options.check_list(request("GET", query))

    assert (refused.value.code, refusal(refused.value)) == (code, message)


def test_a_deletion_is_read_from_its_body() -> None:
    body = {
        "preconditions": {"uid": "u", "resourceVersion": "7"},
        "gracePeriodSeconds": 3,
        "propagationPolicy": "Orphan",
        "dryRun": ["All"],
    }

    read = options.of_deletion(request("DELETE", body=body))

    assert (read.uid, read.version, read.grace_s) == ("u", "7", 3)
    assert (read.propagation, read.dry_run) == ("Orphan", True)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"propagationPolicy": "X"},
         ('propagationPolicy: Unsupported value: "X": '
         'supported values: "Foreground", "Background", "Orphan", "nil"')),
        ({"propagationPolicy": "Orphan", "orphanDependents": True},
         ('propagationPolicy: Invalid value: "Orphan": '
         "orphanDependents and deletionPropagation cannot be both set")),
        ({"dryRun": ["No"]}, 'dryRun: Unsupported value: ["No"]: supported values: "All"'),
    ],
)  # fmt: skip
def test_deletions_that_make_no_sense(body: dict[str, Any], message: str) -> None:
    with pytest.raises(ApiError) as refused:
        options.of_deletion(request("DELETE", body=body))

    assert (refused.value.code, refusal(refused.value)) == (422, message)


@pytest.mark.parametrize(
    ("query", "is_set"),
    [("", False), ("watch=0", False), ("watch=False", False), ("watch", True), ("watch=yes", True)],
)
def test_booleans_are_read_as_the_real_server_reads_them(query: str, *, is_set: bool) -> None:
    assert request("GET", query).flag("watch") is is_set


def test_fields_that_stand_twice_are_named_with_their_path() -> None:
    text = b'{"data":{"a":"1","a":"2"},"spec":{"list":[{"n":1,"n":2}]},"data":{}}'

    assert gojson.duplicates(text) == ["data", "spec.list[0].n"]


def test_yaml_is_written_as_go_writes_it() -> None:
    value = {"b": ["x", 1], "a": {"on": "true", "time": "2026-01-01T00:00:00Z", "text": "l1\nl2\n"}}

    assert gotext.as_yaml(value).decode() == (
        "a:\n"
        '  "on": "true"\n'
        "  text: |\n    l1\n    l2\n"
        '  time: "2026-01-01T00:00:00Z"\n'
        "b:\n- x\n- 1\n"
    )
