import pytest

from controller.local.workloads.kubelet.paths import Translation

TRANSLATION = Translation(
    mounts={"/config": "/v/config", "/config/deep": "/v/deep", "/data": "/v/data"},
    address="127.64.0.2",
    ports={8080: 41000},
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/config", "/v/config"),
        ("/config/config.json", "/v/config/config.json"),
        ("/config/deep/x", "/v/deep/x"),
        ("--filepath=/config", "--filepath=/v/config"),
        ("/data:/config/x", "/v/data:/v/config/x"),
        ("cat /data/a > /data/b", "cat /v/data/a > /v/data/b"),
        ("open('/data')", "open('/v/data')"),
        ("/config2", "/config2"),
        ("/config-map", "/config-map"),
        ("/app/config", "/app/config"),
        ("./config", "./config"),
        ("http://host/config/x", "http://host/config/x"),
        ("http://host:80/config", "http://host:80/config"),
        ("Look in /data.", "Look in /v/data."),
        ("/data.txt", "/data.txt"),
        ("0.0.0.0", "127.64.0.2"),
        ("http://0.0.0.0:9000", "http://127.64.0.2:9000"),
        ("10.0.0.0", "10.0.0.0"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("8080", "41000"),
        ("--port=8080", "--port=41000"),
        ("0.0.0.0:8080", "127.64.0.2:41000"),
        (":8080", ":41000"),
        ("http://other:8080", "http://other:8080"),
        ("18080", "18080"),
    ],
)
def test_text(text: str, expected: str) -> None:
    assert TRANSLATION.text(text) == expected


def test_path_elsewhere_is_not_translated() -> None:
    assert TRANSLATION.path("/config/deep") == "/v/deep"
    assert TRANSLATION.path("/configuration") is None
