import pytest

from controller.api.hosts import check_listen, is_loopback
from controller.errors import UsageError


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.4.2", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("LOCALHOST.", True),
        ("agents.localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("localhost.evil.example", False),
        ("evil-localhost", False),
        ("", False),
    ],
)
def test_loopback_is_told_from_the_rest(host: str, *, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_listening_elsewhere_needs_insistence() -> None:
    check_listen("0.0.0.0", insecure_listen=True)
    check_listen("127.0.0.1", insecure_listen=False)
    with pytest.raises(UsageError, match=r"does not listen on 0\.0\.0\.0"):
        check_listen("0.0.0.0", insecure_listen=False)
