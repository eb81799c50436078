from email.utils import formatdate

import orjson
import pytest
import urllib3

from controller.cluster import errors
from controller.cluster.errors import Refusal
from controller.errors import PermanentError, TransientError


def refusal(status: int, message: str = "no", **rest: str) -> Refusal:
    body = orjson.dumps({"kind": "Status", "message": message, "reason": "Because"})
    return Refusal(action="read it", status=status, body=body, **rest)  # type: ignore[arg-type] # header values


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.InvalidError), (401, errors.ForbiddenError), (403, errors.ForbiddenError),
        (404, errors.NotFoundError), (409, errors.ConflictError), (410, errors.GoneError),
        (422, errors.InvalidError), (429, errors.UnavailableError), (500, errors.UnavailableError),
        (503, errors.UnavailableError), (504, errors.UnavailableError),
    ],
)  # fmt: skip
def test_each_status_has_its_error(status: int, kind: type[Exception]) -> None:
    assert type(errors.translate(refusal(status))) is kind


def test_permanent_and_transient_are_told_apart() -> None:
    assert isinstance(errors.translate(refusal(403)), PermanentError)
    assert isinstance(errors.translate(refusal(503)), TransientError)


def test_the_message_says_what_was_tried() -> None:
    assert errors.translate(refusal(404, "it is gone.")).message == "Cannot read it: it is gone."


def test_a_retry_after_that_is_a_date_is_left_to_the_caller() -> None:
    error = errors.translate(refusal(503, retry_after=formatdate()))

    assert isinstance(error, TransientError)
    assert error.retry_after_s is None


def test_long_and_odd_bodies_are_cut() -> None:
    error = errors.translate(Refusal(action="read it", status=502, body=b"\xff" * 10_000))

    assert len(error.message) < 1100


def test_a_cluster_that_cannot_be_reached_is_told_in_a_line() -> None:
    try:
        urllib3.PoolManager(retries=False).request("GET", "http://127.0.0.1:1/api")
    except urllib3.exceptions.HTTPError as error:
        found = errors.unreachable("list v1 ConfigMap", error)

    assert found.message == (
        "Cannot list v1 ConfigMap: the cluster's API cannot be reached (Connection refused)."
    )
