from pathlib import Path

import pytest

from controller.cli import destination

APPLICATION = """\
apiVersion: roster.dev/v1alpha1
kind: Application
metadata: {{name: {name}}}
spec:
  source: {{repoURL: "https://git.example/a", path: {path}}}
  destination: {{namespace: {namespace}}}
---
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "team" / "agents"


def write(*applications: tuple[str, str, str]) -> None:
    texts = (APPLICATION.format(name=n, path=p, namespace=s) for n, p, s in applications)
    Path("roster.yaml").write_text("".join(texts))


def test_what_is_said_on_the_command_line_wins(folder: Path) -> None:
    write(("a", "team/agents", "support"))

    assert destination.namespace("own", folder) == "own"


def test_the_application_that_follows_the_folder_says_where_it_goes(folder: Path) -> None:
    write(("a", "team/agents", "support"), ("b", "other", "elsewhere"))

    assert destination.namespace(None, folder) == "support"


def test_the_application_that_is_named_says_where_it_goes(folder: Path) -> None:
    write(("a", "team/agents", "support"), ("b", "other", "elsewhere"))

    assert destination.namespace(None, folder, name="b") == "elsewhere"


@pytest.mark.parametrize(
    "applications",
    [
        pytest.param([], id="no-file"),
        pytest.param([("a", "other", "support")], id="of-another-folder"),
        pytest.param([("a", "agents", "one"), ("b", "team/agents", "two")], id="two-of-the-folder"),
    ],
)
def test_where_nothing_is_said_it_is_the_default(
    folder: Path, applications: list[tuple[str, str, str]]
) -> None:
    if applications:
        write(*applications)

    assert destination.namespace(None, folder) == "default"
