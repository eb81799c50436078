"""Which folders are skills, and what is said of those that are none."""

from pathlib import Path

import pytest

from controller.runtime.skills import catalog


def written(folder: Path, text: str, name: str = "invoice") -> Path:
    (folder / name).mkdir(exist_ok=True)
    (folder / name / "SKILL.md").write_text(text)
    return folder


def test_a_skill_has_the_name_of_its_folder_and_a_description(tmp_path: Path) -> None:
    text = "---\nname: other\ndescription: >\n  Writes invoices.\n  Use it\n---\n# How\n"

    found = catalog.read(written(tmp_path, text))

    assert not found.problems
    skill = found.skills["invoice"]
    assert skill.description == "Writes invoices. Use it"
    assert skill.text() == text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("# How\n", "between two lines of '---'", id="no front matter"),
        pytest.param("---\ndescription: 2026-02-30\n---\n", "valid YAML", id="no such date"),
        pytest.param("---\nname: a\n", "between two lines of '---'", id="never closed"),
        pytest.param("---\na: b: c\n---\n", "valid YAML", id="no YAML"),
        pytest.param("---\n- a\n---\n", "no description", id="no mapping"),
        pytest.param("---\nname: a\n---\n", "no description", id="no description"),
        pytest.param("---\ndescription: [a]\n---\n", "no description", id="no text"),
        pytest.param("---\ndescription: a\n---\n" + "x" * 200_000, "larger than", id="too large"),
    ],
)
def test_a_wrong_skill_is_named_and_hides_no_other(tmp_path: Path, text: str, problem: str) -> None:
    written(tmp_path, text)
    written(tmp_path, "---\ndescription: fine\n---\n", name="right")

    found = catalog.read(tmp_path)

    assert list(found.skills) == ["right"]
    assert problem in found.problems["invoice"]


def test_a_folder_without_the_file_and_one_that_is_not_there_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    assert "SKILL.md cannot be read" in catalog.read(tmp_path).problems["empty"]
    missing = tmp_path / "missing"
    assert catalog.read(missing).problems == {str(missing): "No such file or directory"}


def test_a_link_to_another_file_is_no_skill(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("---\ndescription: secret\n---\n")
    (tmp_path / "skills" / "bad").mkdir(parents=True)
    (tmp_path / "skills" / "bad" / "SKILL.md").symlink_to(tmp_path / "secret")

    assert list(catalog.read(tmp_path / "skills").problems) == ["bad"]


def test_the_files_of_a_skill_are_listed_without_links_and_hidden_ones(tmp_path: Path) -> None:
    written(tmp_path, "---\ndescription: d\n---\n")
    folder = tmp_path / "invoice"
    (folder / "scripts").mkdir()
    (folder / "scripts" / "total.py").write_text("")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("")
    (folder / "link").symlink_to("/etc")
    (folder / "notes.md").write_text("")

    assert catalog.read(tmp_path).skills["invoice"].files() == ["notes.md", "scripts/total.py"]


def test_a_long_description_is_cut_as_the_format_says(tmp_path: Path) -> None:
    found = catalog.read(written(tmp_path, f"---\ndescription: {'x' * 3000}\n---\n"))

    assert len(found.skills["invoice"].description) == 1024
