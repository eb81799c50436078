from pathlib import Path

import pytest

from controller import settings
from controller.errors import UsageError


def test_flags_win_over_environment_over_file_over_defaults(tmp_path: Path) -> None:
    file = tmp_path / "roster.yaml"
    file.write_text(
        "apiVersion: roster.dev/v1alpha1\nkind: Settings\n"
        "spec: {workers: 2, pollIntervalS: 5, logLevel: debug}\n"
    )

    loaded = settings.load(
        flags={"workers": 9, "listen": None},
        environ={"ROSTER_POLL_INTERVAL_S": "7", "ROSTER_WORKERS": "3"},
        file=file,
    )

    assert (loaded.settings.workers, loaded.settings.poll_interval_s) == (9, 7.0)
    assert loaded.origins["workers"] == "flag"
    assert loaded.origins["poll_interval_s"] == "environment ROSTER_POLL_INTERVAL_S"
    assert loaded.origins["log_level"] == str(file)
    assert loaded.origins["listen"] == "default"


def test_documents_of_other_kinds_are_left_to_others(tmp_path: Path) -> None:
    file = tmp_path / "roster.yaml"
    file.write_text("kind: Application\nspec: {}\n---\nkind: Settings\nspec: {workers: 2}\n")

    assert settings.load(flags={}, environ={}, file=file).settings.workers == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(
            "kind: Settings\nspec: {worker: 2}\n", "worker .*no such setting", id="unknown-setting"
        ),
        pytest.param("kind: Settings\nspec: {workers: many}\n", "workers", id="wrong-type"),
        pytest.param("kind: Settings\nspec: [1]\n", "not a mapping", id="spec-is-a-list"),
        pytest.param("a: b: c\n", "roster.yaml:1:5", id="no-yaml"),
    ],
)
def test_wrong_files_are_explained(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "roster.yaml"
    file.write_text(content)

    with pytest.raises(UsageError, match=message):
        settings.load(flags={}, environ={}, file=file)


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        settings.load(flags={}, environ={}, file=tmp_path / "none.yaml")


@pytest.mark.parametrize("listen", ["8083", "localhost:", ":80", "localhost:99999"])
def test_an_address_needs_host_and_port(listen: str) -> None:
    with pytest.raises(UsageError, match="host:port"):
        settings.load(flags={"listen": listen}, environ={})


def test_secrets_are_shown_as_stars() -> None:
    loaded = settings.load(flags={}, environ={"ROSTER_GIT_TOKEN": "canary"})

    assert "canary" not in str(settings.shown(loaded.settings))
    assert "canary" not in repr(loaded)


def test_a_mapping_is_written_on_one_line_or_as_a_mapping(tmp_path: Path) -> None:
    file = tmp_path / "roster.yaml"
    file.write_text("kind: Settings\nspec: {agentAnnotations: {roster.dev/runtime: kagent}}\n")

    loaded = settings.load(
        flags={}, environ={"ROSTER_AGENT_ENV": "A=1, OTEL_X=http://y?z=1"}, file=file
    )

    assert loaded.settings.agent_env == {"A": "1", "OTEL_X": "http://y?z=1"}
    assert loaded.settings.agent_annotations == {"roster.dev/runtime": "kagent"}


@pytest.mark.parametrize("pairs", ["A", "=1", "A=1,B"])
def test_a_line_that_is_no_mapping_is_explained(pairs: str) -> None:
    with pytest.raises(UsageError, match=r"agent_env .*expected NAME=value"):
        settings.load(flags={}, environ={"ROSTER_AGENT_ENV": pairs})
