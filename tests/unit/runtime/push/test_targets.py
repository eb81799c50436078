"""Which addresses may be called: public ones, and those that the operator allows."""

import asyncio

import pytest

from controller.errors import PermanentError
from controller.runtime.push.targets import Target, Targets


def checked(url: str, allowed: str = "") -> Target:
    targets = Targets.from_environment({"ROSTER_PUSH_TARGETS": allowed})
    return asyncio.run(targets.checked(url))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://169.254.169.254/latest/meta-data",
        "http://10.96.0.1/",
        "http://192.168.1.1/",
        "http://100.64.0.1/",
        "http://0.0.0.0/",
        "http://2130706433/",
        "http://[fd00::1]/",
        "http://[fec0::1]/",
        "http://[2002:a9fe:a9fe::1]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://224.0.0.1/",
    ],
)
def test_addresses_inside_are_refused_with_a_remedy(url: str) -> None:
    with pytest.raises(PermanentError, match="no public address") as caught:
        checked(url)

    assert "ROSTER_PUSH_TARGETS" in caught.value.remedy


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://example.com/", "file:///etc/passwd", "http:///x", "http://u:p@1.1.1.1/", "x"),
        *("http://[::1/", "http://1.1.1.1:99999/"),
    ],
)
def test_what_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(PermanentError) as caught:
        checked(url)

    assert url not in str(caught.value)


def test_a_public_address_is_called_by_its_number() -> None:
    assert checked("https://1.1.1.1:8443/hook?x=1#f") == Target(
        url="https://1.1.1.1:8443/hook?x=1", host="1.1.1.1:8443", name="1.1.1.1"
    )


@pytest.mark.parametrize("allowed", ["127.0.0.0/8", "10.0.0.0/8, 127.0.0.1", "localhost"])
def test_networks_and_names_can_be_allowed(allowed: str) -> None:
    found = checked("http://localhost:81/", f"{allowed},::1" if "127" in allowed else allowed)

    assert found.host == "localhost:81"
    assert found.name == "localhost"
