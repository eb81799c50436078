import json
from pathlib import Path

import pytest

from controller.cli.main import run_command
from controller.cli.up import examples

PROMPTS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: style}\ndata: {a: b}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "agents").mkdir()
    return tmp_path / "agents"


def test_validate_is_silent_about_good_definitions(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "style.yaml").write_text(PROMPTS)

    assert run_command(["validate", "agents"]) == 0
    assert capsys.readouterr().out == "1 definition, 1 object, 0 errors, 0 warnings\n"


@pytest.mark.parametrize("place", [".roster/agents", "../elsewhere/agents"])
def test_a_folder_that_is_named_is_read(
    folder: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    named = folder.parent / place
    named.mkdir(parents=True)
    (named / "style.yaml").write_text(PROMPTS)

    assert run_command(["validate", place]) == 0
    assert capsys.readouterr().out.startswith("1 definition,")


def test_validate_names_the_place_and_fails(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "b.yaml").write_text("kind: [unfinished\n")

    assert run_command(["validate", "agents"]) == 1
    assert "agents/b.yaml:" in capsys.readouterr().out


def test_validate_tells_an_error_once_and_who_waits_for_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "model.yaml").write_text(
        "apiVersion: kagent.dev/v1alpha2\nkind: ModelConfg\nmetadata: {name: demo}\n"
        "spec: {provider: Ollama, model: demo}\n"
    )
    for name in ("triage", "writer"):
        (folder / f"{name}.yaml").write_text(
            f"apiVersion: kagent.dev/v1alpha2\nkind: Agent\nmetadata: {{name: {name}}}\n"
            "spec: {type: Declarative, declarative: {modelConfig: demo, systemMessage: Hi}}\n"
        )

    assert run_command(["validate", "agents"]) == 1
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "2 definitions wait for that: Agent default/triage and Agent default/writer",
        "3 definitions, 0 objects, 1 error, 0 warnings",
    ]


def test_render_masks_secrets(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "s.yaml").write_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: canary}\n"
    )

    run_command(["render", "agents"])

    assert "canary" not in capsys.readouterr().out


def test_own_templates_are_used_and_their_errors_have_a_place(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.yaml").write_text(
        "apiVersion: kagent.dev/v1alpha2\nkind: Agent\nmetadata: {name: triage}\n"
        "spec: {type: BYO, byo: {deployment: {image: 'x:1'}}}\n"
    )
    templates = folder.parent / "templates"
    templates.mkdir()
    (templates / "service.yaml.j2").write_text("apiVersion: v1\nkind: {{ nothing }}\n")

    code = run_command(["validate", "agents", "--templates", "templates"])

    assert code == 1
    out = capsys.readouterr().out
    assert "agents/a.yaml:" in out
    assert "service.yaml.j2:2" in out


def test_render_as_json_is_a_list(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "style.yaml").write_text(PROMPTS)

    assert run_command(["render", "agents", "-o", "json"]) == 0
    assert [item["kind"] for item in json.loads(capsys.readouterr().out)["items"]] == ["ConfigMap"]


def test_the_example_repository_has_no_findings(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["validate", str(examples() / "agents"), "-n", "agents"]) == 0
    assert "0 errors, 0 warnings" in capsys.readouterr().out


def test_the_schemas_beside_the_examples_are_up_to_date(tmp_path: Path) -> None:
    """Written by `roster schema examples-repo/.schemas`."""
    run_command(["schema", str(tmp_path)])

    written = {file.name: file.read_text() for file in tmp_path.iterdir()}
    stored = {file.name: file.read_text() for file in (examples() / ".schemas").iterdir()}
    assert stored == written


def test_settings_say_where_they_come_from(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROSTER_WORKERS", "7")

    assert run_command(["settings", "-o", "json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["workers"]["value"] == "7"
    assert rows["workers"]["origin"] == "environment ROSTER_WORKERS"


def test_the_manifests_of_an_installation_are_kubernetes_objects(
    capsys: pytest.CaptureFixture[str],
) -> None:
    import yaml  # noqa: PLC0415  used by this test alone

    hostile = "x: {y}\n# 'z' \"q\""
    code = run_command(["install", "--repo", hostile, "--image", "registry.example/roster:1"])

    objects = list(yaml.safe_load_all(capsys.readouterr().out))
    assert code == 0
    assert {"Deployment", "Role", "RoleBinding", "ServiceAccount"} <= {o["kind"] for o in objects}
    config = next(o for o in objects if o["kind"] == "ConfigMap")["data"]["roster.yaml"]
    assert yaml.safe_load(config)["spec"]["source"]["repoURL"] == hostile


@pytest.mark.parametrize(
    "verb",
    [
        *("up", "run", "validate", "render", "diff", "sync", "settings", "version", "explain"),
        *("schema", "install", "app list", "app get", "app history", "local up", "local down"),
        *("local status", "local reset", "local kubeconfig", "local logs"),
    ],
)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command([*verb.split(), "--help"]) == 0
    assert "Usage" in capsys.readouterr().out


def test_help_takes_no_brackets_for_styles_and_flags_for_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "100")

    run_command(["tool", "call", "--help"])

    text = " ".join(capsys.readouterr().out.split())
    assert "[namespace/]server/tool" in text
    assert "--yes -y Do not ask" in text


def test_help_tells_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    run_command(["--help"])

    assert "Exit codes: 0 done" in capsys.readouterr().out


@pytest.mark.parametrize("address", ["nowhere", "localhost:8083", "ftp://127.0.0.1"])
def test_an_address_that_is_none_is_wrong_usage(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["app", "list", "--server", address]) == 2
    assert f"{address!r} is no address of a Roster." in capsys.readouterr().err


def test_every_error_of_roster_yaml_has_its_remedy(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder.parent / "roster.yaml").write_text(
        "apiVersion: roster.dev/v1alpha1\nkind: Application\nmetadata: {name: a}\n"
        "spec: {source: {repoUrl: https://git.example/a}, syncPolicy: {mode: watch}}\n"
    )

    assert run_command(["run"]) == 1
    told = capsys.readouterr().err
    assert "Did you mean 'repoURL'?" in told
    assert "'watch' [wrong-value]" in told


def test_a_mode_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["run", "--repo", "https://git.example/a", "--mode", "watch"]) == 2
    assert "'--mode'" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_a_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "file").write_text("")

    assert run_command(["schema", str(folder / "file" / "schemas")]) == 1
    assert "schemas cannot be used: Not a directory." in capsys.readouterr().err
