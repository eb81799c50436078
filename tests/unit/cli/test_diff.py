"""`roster diff` between commits, which needs no cluster; tests/e2e compares with one."""

import json
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from controller.cli.main import app

AGENT = """\
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata:
  name: a
spec:
  declarative:
    modelConfig: m
    systemMessage: {message}
---
apiVersion: kagent.dev/v1alpha2
kind: ModelConfig
metadata:
  name: m
spec:
  provider: Ollama
  model: tiny
  ollama:
    host: http://ollama
"""


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet", "--initial-branch=main")
    for message in ("Be kind.", "Be firm."):
        write(message)
        git("add", "--all")
        git("commit", "--quiet", "-m", message)
    return tmp_path


def git(*arguments: str) -> None:
    identity = ("-c", "user.name=Ada", "-c", "user.email=a@b")
    subprocess.run(["git", *identity, *arguments], check=True)


def write(message: str) -> None:
    Path("agents").mkdir(exist_ok=True)
    Path("agents/a.yaml").write_text(AGENT.format(message=message))


def diff(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["diff", "agents", "-n", "ns", *arguments])


def test_two_commits_are_told_in_the_agents_terms_and_by_object() -> None:
    done = diff("--base", "HEAD~1", "--revision", "HEAD")

    assert done.exit_code == 1
    assert "Be [-kind-]{+firm+}." in done.stdout
    assert "===== Secret ns/a ======\n--- " in done.stdout
    assert "--- live" not in done.stdout


def test_the_folder_as_it_is_is_compared_by_default() -> None:
    write("Be brave.")

    shown = diff("--base", "main").stdout

    assert "Be [-firm-]{+brave+}." in shown
    assert "+++ not committed\n" in shown


def test_nothing_to_tell() -> None:
    done = diff("--base", "HEAD")

    assert (done.exit_code, done.stdout) == (0, "")


def test_programs_get_data() -> None:
    answer = json.loads(diff("--base", "HEAD~1", "-o", "json").stdout)

    assert [change["summary"] for change in answer["semantic"]["changes"]] == [
        "system message changed"
    ]
    assert {step["action"] for step in answer["objects"]} == {"update"}


@pytest.mark.parametrize("arguments", [("--base", "never"), ("--base", "HEAD", "--revision", "x")])
def test_an_unknown_commit_is_an_error(arguments: tuple[str, ...]) -> None:
    done = diff(*arguments)

    assert done.exit_code == 2
    assert "has no revision" in done.stderr


def test_errors_of_the_later_side_end_with_two() -> None:
    Path("agents/a.yaml").write_text("kind: [unfinished\n")

    done = diff("--base", "HEAD")

    assert done.exit_code == 2
    assert "agents/a.yaml:1" in done.stderr


def test_names_are_those_of_the_objects_that_change() -> None:
    done = diff("--base", "HEAD~1", "-o", "name")

    assert done.stdout.splitlines() == ["secret/a", "deployment.apps/a"]
