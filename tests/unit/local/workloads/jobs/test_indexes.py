from typing import Any

import pytest

from controller.local.workloads.jobs import indexes, outcome, pace
from controller.local.workloads.times import parse


def _job(status: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    whole = {"completionMode": "Indexed", "completions": 5, "template": {"spec": {}}, **spec}
    return {"metadata": {"name": "j"}, "spec": whole, "status": status or {}}


def _pod(index: int, phase: str, failures: int | None = None, at: str = "12:00:00") -> Any:
    marks = {indexes.INDEX: str(index)}
    if failures is not None:
        marks[indexes.FAILURES] = str(failures)
    metadata = {
        "name": f"j-{index}-{phase}-{failures}",
        "uid": f"{index}-{phase}-{failures}",
        "annotations": marks,
        "creationTimestamp": f"2026-01-01T{at}Z",
    }
    return {"metadata": metadata, "status": {"phase": phase}}


@pytest.mark.parametrize(
    ("found", "text"),
    [(set(), ""), ({3}, "3"), ({0, 1}, "0,1"), ({0, 2, 3, 4, 7}, "0,2-4,7")],
    ids=["none", "one", "two", "runs"],
)
def test_sets_of_indexes_are_written_and_read(found: set[int], text: str) -> None:
    assert indexes.written(found) == text
    assert indexes.parse(text, 10) == found


def test_indexes_that_the_job_no_longer_has_are_forgotten() -> None:
    job = _job({"completedIndexes": "0,2-4", "succeeded": 4}, completions=3)

    status = outcome.counted(job)

    assert (status["completedIndexes"], status["succeeded"]) == ("0,2", 2)


def test_a_success_is_remembered_by_its_index_and_counts_once() -> None:
    job = _job({"completedIndexes": "1", "succeeded": 1})

    status = outcome.noted(job, [_pod(1, "Succeeded"), _pod(2, "Succeeded"), _pod(3, "Failed")])

    assert status is not None
    assert status["completedIndexes"] == "1,2"
    assert status["uncountedTerminatedPods"] == {"failed": ["3-Failed-None"]}
    counted = outcome.counted({**job, "status": status})
    assert (counted["succeeded"], counted["failed"]) == (2, 1)


def test_the_lowest_free_indexes_are_next() -> None:
    job = _job({"completedIndexes": "1"})

    starts = pace.indexes_to_start(job, [_pod(0, "Running")], 2, parse("2026-01-01T12:00:00Z"))

    assert starts == [pace.Start(2), pace.Start(3)]


def test_of_two_pods_of_an_index_the_younger_goes_and_so_does_one_beyond_the_last() -> None:
    older, younger = _pod(1, "Running", 0, "12:00:00"), _pod(1, "Running", 1, "12:00:01")
    beyond = _pod(5, "Running")

    assert indexes.superfluous([younger, beyond, older], 5) == [beyond, younger]


def test_an_index_with_a_limit_is_tried_again_after_its_own_back_off() -> None:
    job = _job(backoffLimitPerIndex=2)
    mine = [_pod(0, "Failed", 0, "12:00:00"), _pod(0, "Failed", 1, "12:00:10")]

    early = pace.indexes_to_start(job, mine, 2, parse("2026-01-01T12:00:20Z"))
    later = pace.indexes_to_start(job, mine, 2, parse("2026-01-01T12:00:31Z"))

    assert early == [pace.Start(1, 0), pace.Start(2, 0)]
    assert later == [pace.Start(0, 2), pace.Start(1, 0)]
    assert pace.backoff_s(job, mine, parse("2026-01-01T12:00:20Z")) == 10.0


def test_an_index_over_its_limit_has_failed() -> None:
    job = _job(backoffLimitPerIndex=1)

    status = outcome.noted(job, [_pod(0, "Failed", 1), _pod(1, "Failed", 0)])

    assert status is not None
    assert status["failedIndexes"] == "0"


@pytest.mark.parametrize(
    ("status", "spec", "reason"),
    [
        ({"completedIndexes": "1-4", "failedIndexes": "0"}, {}, "FailedIndexes"),
        ({"failedIndexes": "0,1"}, {"maxFailedIndexes": 1}, "MaxFailedIndexesExceeded"),
        ({"completedIndexes": "2", "failedIndexes": "0"}, {}, None),
        (
            {"completedIndexes": "0,2"},
            {"successPolicy": {"rules": [{"succeededIndexes": "0-2", "succeededCount": 2}]}},
            "SuccessPolicy",
        ),
        (
            {"completedIndexes": "0,2"},
            {"successPolicy": {"rules": [{"succeededIndexes": "0-2"}]}},
            None,
        ),
    ],
    ids=["all-done", "too-many", "goes-on", "policy", "policy-not-yet"],
)
def test_how_an_indexed_job_ends(status: Any, spec: Any, reason: str | None) -> None:
    job = _job(status, backoffLimitPerIndex=1, **spec)

    verdict = outcome.verdict_of(job, [], parse("2026-01-01T12:00:00Z"))

    assert (verdict[1] if verdict else None) == reason


def test_the_name_of_a_pod_fits_with_its_index() -> None:
    assert indexes.stem("j" * 63, 12) == "j" * 54 + "-12-"
