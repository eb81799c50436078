"""What is said about configuration files that are missing or wrong."""

import json
from pathlib import Path

import pytest

from controller.definitions import agentconfig
from controller.errors import PermanentError
from controller.runtime import configfiles

CONFIG = agentconfig.AgentConfig(
    model=agentconfig.OpenAI(model="m"), description="d", instruction="i"
)
CARD = agentconfig.AgentCard(name="n", description="d", url="http://n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text(CONFIG.dump())
    (tmp_path / "agent-card.json").write_text(CARD.dump())
    return tmp_path


def test_both_files_are_read(folder: Path) -> None:
    assert configfiles.read(folder) == (CONFIG, CARD)


def test_a_wrong_field_is_named(folder: Path) -> None:
    content = json.loads(CONFIG.dump()) | {"http_tools": [{"params": {"timeout": "soon"}}]}
    (folder / "config.json").write_text(json.dumps(content))

    with pytest.raises(PermanentError) as caught:
        configfiles.read(folder)

    assert "http_tools.0.params.url: Field required" in str(caught.value)
    assert "http_tools.0.params.timeout" in str(caught.value)


@pytest.mark.parametrize("name", ["config.json", "agent-card.json"])
@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda path: path.write_text("{"), "document: Invalid JSON"),
        (lambda path: path.unlink(), "does not exist"),
        (lambda path: (path.unlink(), path.mkdir()), "cannot be read"),
    ],
    ids=["no JSON", "missing", "a folder"],
)
def test_the_file_at_fault_is_named(folder: Path, name: str, break_it: object, said: str) -> None:
    assert callable(break_it)
    break_it(folder / name)

    with pytest.raises(PermanentError, match=said) as caught:
        configfiles.read(folder)

    assert str(folder / name) in str(caught.value)


def test_keys_of_a_newer_controller_are_ignored(folder: Path) -> None:
    content = json.loads(CONFIG.dump()) | {"brand_new": True}
    (folder / "config.json").write_text(json.dumps(content))

    assert configfiles.read(folder)[0] == CONFIG
