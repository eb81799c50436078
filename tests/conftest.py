"""What every test gets: no network but loopback, none of this machine's habits, and patience."""

import os

import hypothesis
import pytest
import pytest_socket
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from waiting import PATIENCE_S

# How long an example takes is the machine's affair, and a run is green or red by the code alone:
# it tries the same examples every time. `--hypothesis-profile search` looks for new ones.
hypothesis.settings.register_profile(
    "steady",
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        hypothesis.HealthCheck.too_slow,
        hypothesis.HealthCheck.function_scoped_fixture,
    ],
)
hypothesis.settings.register_profile(
    "search", parent=hypothesis.settings.get_profile("steady"), derandomize=False, max_examples=2000
)
hypothesis.settings.load_profile("steady")


@pytest.fixture(autouse=True, scope="session")
def _patient_clients() -> None:
    """Let a server of a test take longer than the five seconds that httpx gives it by default."""
    for phase in ("connect", "read", "write", "pool"):
        setattr(DEFAULT_TIMEOUT_CONFIG, phase, PATIENCE_S)


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    """Refuse connections to anything but this machine."""
    pytest_socket.socket_allow_hosts(["127.0.0.0/8", "localhost", "::1"], allow_unix_socket=True)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide settings, clusters and git identities of whoever runs the tests."""
    for name in list(os.environ):
        if name.startswith(("ROSTER_", "KAGENT_", "GIT_")) or name == "KUBECONFIG":
            monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
