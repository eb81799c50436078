from typing import Any

import pytest

from controller.api.kagent.fleet import Fleet
from controller.cluster.tokens import Account
from controller.errors import TransientError
from controller.objects import ObjectKey

DEPLOYMENT = {
    "metadata": {"annotations": {"roster.dev/revision": "abc"}},
    "spec": {"template": {"spec": {"serviceAccountName": "shared"}}},
}


class Tokens:
    """Service accounts by token, as an API server would tell."""

    def account(self, token: str) -> Account | None:
        if token == "away":
            raise TransientError("away")
        namespace, _, name = token.partition("/")
        return Account(namespace, name) if name else None


@pytest.fixture
def fleet() -> Fleet:
    live = {ObjectKey("apps", "Deployment", "x", "my-agent"): DEPLOYMENT}
    tokens: Any = Tokens()
    return Fleet(applications=lambda: (), live_object=live.get, tokens=tokens)


@pytest.mark.parametrize(
    ("token", "agent", "expected"),
    [
        ("x/my-agent", "x__NS__my_agent", True),
        ("x/shared", "x__NS__my_agent", True),
        ("x/other", "x__NS__my_agent", False),
        ("y/my-agent", "x__NS__my_agent", False),
        ("y/shared", "x__NS__my_agent", False),
        ("x/shared", "x__NS__another", False),
        ("nobody", "x__NS__my_agent", False),
    ],
)
def test_an_agent_is_known_by_the_account_it_runs_under(
    fleet: Fleet, token: str, agent: str, *, expected: bool
) -> None:
    assert fleet.verify(token, agent) is expected


def test_an_agent_that_cannot_be_verified_now_may_try_again(fleet: Fleet) -> None:
    with pytest.raises(TransientError):
        fleet.verify("away", "x__NS__my_agent")


def test_the_revision_is_that_of_the_deployment(fleet: Fleet) -> None:
    assert fleet.revision("x", "my-agent") == "abc"
    assert fleet.revision("x", "unknown") == ""
