import sys
from pathlib import Path

import pytest

from controller.local.workloads import images
from controller.local.workloads.images import ImageError, Images


@pytest.mark.parametrize(
    ("image", "command", "arguments", "expected"),
    [
        (
            "roster:0.1.0",
            ["roster-agent"],
            ["--port", "1"],
            ["-m", "controller.runtime", "--port", "1"],
        ),
        (
            "ghcr.io/x/roster:1",
            ["roster-demo", "model"],
            None,
            ["-m", "controller.runtime.demo", "model"],
        ),
        ("roster", ["roster-mcp-bridge"], None, ["-m", "controller.runtime.bridge"]),
        (
            "cr.kagent.dev/kagent-dev/kagent/skills-init:0.10.4",
            None,
            None,
            ["-m", "controller.local.skillsinit"],
        ),
        ("python:3.12-slim", None, None, []),
        ("python:3.12-slim", None, ["python", "-c", "1"], ["-c", "1"]),
        ("python:3.12-slim", ["python"], ["-c", "1"], ["-c", "1"]),
        ("docker.io/library/python:3", ["python", "x.py"], None, ["x.py"]),
    ],
)
def test_known_images_run_as_this_environment(
    tmp_path: Path,
    image: str,
    command: list[str] | None,
    arguments: list[str] | None,
    expected: list[str],
) -> None:
    found = Images(tmp_path).find(image)

    assert images.command(found, arguments, command) == [sys.executable, *expected]


@pytest.mark.parametrize("image", ["nginx:1", "python:2.7", "acme/rosterx:1"])
def test_other_images_do_not(tmp_path: Path, image: str) -> None:
    with pytest.raises(ImageError, match=r"images\.yaml"):
        Images(tmp_path).find(image)


def test_users_rows_come_first_and_may_change(tmp_path: Path) -> None:
    table = Images(tmp_path)
    (tmp_path / "images.yaml").write_text('"python:3*": [/opt/python]\n"acme/*": run it\n')
    assert table.find("python:3.12").entrypoint == ("/opt/python",)
    assert table.find("acme/tool").entrypoint == ("run", "it")


@pytest.mark.parametrize("text", ["[", "- a", "a: 1", "a: []"])
def test_broken_table_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "images.yaml").write_text(text)
    with pytest.raises(ImageError, match="is not a mapping of image patterns"):
        Images(tmp_path).find("nginx")


def test_missing_tool_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ImageError, match=r"'npx' is missing: install Node\.js"):
        images.command(Images(tmp_path).find("node:24-alpine"), None, ["npx", "-y", "server"])
