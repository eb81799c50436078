import json

import pytest

from controller.runtime.sessions.routes import Routes

CONTROLLER = {"KAGENT_URL": "http://127.0.0.1:1", "KAGENT_NAME": "a"}
MOUNTS = json.dumps({"/var/run/secrets/tokens": "/pod/token", "/config": "/pod/config"})


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "/var/run/secrets/tokens/kagent-token"),
        ({"ROSTER_MOUNTS": MOUNTS}, "/pod/token/kagent-token"),
        ({"ROSTER_MOUNTS": "{}"}, "/var/run/secrets/tokens/kagent-token"),
        ({"ROSTER_MOUNTS": MOUNTS, "ROSTER_TOKEN_FILE": "/t"}, "/t"),
    ],
    ids=["kubernetes", "local cluster", "not mounted", "named"],
)
def test_the_token_is_found_where_it_is_mounted(environment: dict[str, str], expected: str) -> None:
    routes = Routes.from_environment({**CONTROLLER, **environment})

    assert routes is not None
    assert str(routes._token_file) == expected
