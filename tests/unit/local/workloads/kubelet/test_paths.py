import pytest

from controller.local.workloads.kubelet.paths import Translation

TRANSLATION = Translation(
    mounts={"/config": "/tmp/pods/1/config", "/tmp": "/tmp/pods/1/tmp", "/config/sub": "/s"},
    address="127.1.2.3",
    ports={},
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("/config", "/tmp/pods/1/config", id="whole"),
        pytest.param("--dir=/config/a.json", "--dir=/tmp/pods/1/config/a.json", id="option"),
        pytest.param("/config/sub/x", "/s/x", id="longest-mount-wins"),
        pytest.param("/app/config", "/app/config", id="part-of-another-path"),
        pytest.param("http://host/config", "http://host/config", id="path-of-a-url"),
        pytest.param("/configured", "/configured", id="longer-name"),
        pytest.param("--host 0.0.0.0", "--host 127.1.2.3", id="all-addresses"),
    ],
)
def test_mentions_are_rewritten(text: str, expected: str) -> None:
    assert TRANSLATION.text(text) == expected


def test_a_real_path_below_another_mount_is_not_rewritten_again() -> None:
    """A state folder in /tmp, and a pod that mounts /tmp."""
    assert TRANSLATION.text("/config /tmp/x") == "/tmp/pods/1/config /tmp/pods/1/tmp/x"
