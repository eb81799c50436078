import copy
from typing import Any

from controller.diff import format as text
from controller.diff.compare import compare, decide
from controller.diff.difference import Change

LIVE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {
        "name": "prompts",
        "namespace": "agents",
        "uid": "1",
        "resourceVersion": "7",
        "annotations": {"roster.dev/revision": "old"},
    },
    "data": {"triage": "Be kind.\nBe brief.\n", "other": "x"},
}


def settled(live: dict[str, Any], **parts: Any) -> str:
    predicted = {**copy.deepcopy(live), **parts}
    return text.unified(decide(compare(predicted, live), predicted))


def test_a_changed_line_of_a_text_is_one_changed_line() -> None:
    printed = settled(LIVE, data={"triage": "Be kind.\nBe precise.\n", "other": "x"})

    assert printed == (
        "===== ConfigMap agents/prompts ======\n"
        "--- live\n"
        "+++ desired\n"
        "@@ -3,7 +3,7 @@\n"
        "   other: x\n"
        "   triage: |\n"
        "     Be kind.\n"
        "-    Be brief.\n"
        "+    Be precise.\n"
        " kind: ConfigMap\n"
        " metadata:\n"
        "   name: prompts\n"
    )


def test_what_is_the_same_prints_nothing() -> None:
    assert settled(LIVE, metadata={**LIVE["metadata"], "resourceVersion": "8"}) == ""


def test_what_is_missing_is_all_new() -> None:
    printed = text.unified(compare(LIVE, None))

    assert "+kind: ConfigMap" in printed
    assert "\n-" not in printed.replace("\n--- live", "")


def test_secret_values_are_masked_on_both_sides() -> None:
    secret = {**LIVE, "kind": "Secret", "data": {"key": "b2xkLXNlY3JldA==", "same": "c2FtZQ=="}}

    printed = settled(secret, data={"key": "bmV3LXNlY3JldA==", "same": "c2FtZQ=="})

    assert "b2xk" not in printed
    assert "bmV3" not in printed
    assert printed.count("key: '********") == 2
    assert "\n-  same" not in printed


def test_a_change_is_a_line() -> None:
    lines = [
        text.change(Change(path="spec.replicas", before=1, after=3)),
        text.change(Change(path="spec.args", before=None, after=["a", "b"])),
        text.change(Change(path="data.x", before="one\ntwo", after=None)),
    ]

    assert lines == [
        "spec.replicas: 1 -> 3",
        "spec.args: (none) -> [a, b]",
        "data.x: one two -> (none)",
    ]


def test_long_values_are_cut() -> None:
    line = text.change(Change(path="x", before=None, after="a" * 5000))

    assert len(line) < 200
    assert line.endswith("…")
