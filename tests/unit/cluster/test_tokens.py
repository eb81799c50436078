from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from controller.cluster.client import Client
from controller.cluster.tokens import INVALID_S, STALE_S, VALID_S, Account, TokenReviews
from controller.errors import TransientError

PATH = "/apis/authentication.k8s.io/v1/tokenreviews"
GOOD = {
    "authenticated": True,
    "user": {"username": "system:serviceaccount:agents:triage"},
    "audiences": ["kagent"],
}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(client: Client, clock: Clock) -> TokenReviews:
    return TokenReviews(client, audience="kagent", now=clock)


def answers(server: HTTPServer, status: dict[str, Any], code: int = 200) -> None:
    server.clear()
    server.expect_request(PATH, method="POST").respond_with_json({"status": status}, status=code)


def test_a_token_is_looked_at_with_its_audience(tokens: TokenReviews, server: HTTPServer) -> None:
    server.expect_oneshot_request(
        PATH,
        json={
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": "t", "audiences": ["kagent"]},
        },
    ).respond_with_json({"status": GOOD})

    assert tokens.account("t") == Account("agents", "triage")


@pytest.mark.parametrize(
    "status",
    [
        {"authenticated": False},
        {**GOOD, "audiences": ["other"]},
        {**GOOD, "user": {"username": "jane"}},
        {},
    ],
    ids=["refused", "other-audience", "no-service-account", "nothing"],
)
def test_other_tokens_are_nobody_s(
    tokens: TokenReviews, server: HTTPServer, status: dict[str, Any]
) -> None:
    answers(server, status)

    assert tokens.account("t") is None


def test_answers_are_kept_for_a_while(
    tokens: TokenReviews, server: HTTPServer, clock: Clock
) -> None:
    answers(server, GOOD)
    tokens.account("t")
    answers(server, {"authenticated": False})
    clock.now = VALID_S - 1
    assert tokens.account("t") is not None
    clock.now = VALID_S + 1
    assert tokens.account("t") is None
    answers(server, GOOD)
    clock.now += INVALID_S + 1
    assert tokens.account("t") is not None


def test_a_known_token_stays_good_while_the_server_is_away(
    tokens: TokenReviews, server: HTTPServer, clock: Clock
) -> None:
    answers(server, GOOD)
    tokens.account("t")
    answers(server, {}, code=503)
    clock.now = VALID_S + 1
    assert tokens.account("t") == Account("agents", "triage")
    with pytest.raises(TransientError):
        tokens.account("another")
    clock.now = STALE_S + 1
    with pytest.raises(TransientError):
        tokens.account("t")


def test_without_the_right_to_ask_no_token_is_good(
    tokens: TokenReviews, server: HTTPServer
) -> None:
    answers(server, {}, code=403)

    assert tokens.account("t") is None
