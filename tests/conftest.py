"""What every test gets: no network but loopback, and none of this machine's habits."""

import os

import pytest
import pytest_socket


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
