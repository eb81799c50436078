"""Two revisions of a small repository, told in every form.

`before/` and `after/` are the revisions; the files beside them are what is said of them. Rewrite
those with `UPDATE_GOLDEN=1` and read the difference.
"""

import json
import os
from pathlib import Path

import pytest

from controller.definitions.catalog import Catalog
from controller.definitions.findings import DefinitionId, Position
from controller.definitions.parse import parse
from controller.definitions.resolve import resolve
from controller.diff.semantic import renderings, shown
from controller.diff.semantic.change import Change, Kind, Mark, Piece, SemanticDiff, Severity
from controller.diff.semantic.compare import compare

FOLDER = Path(__file__).parent
EVIL = "`</pre>*[x](javascript:1) @team <script>\u202e\x1b[31m"


def catalog(name: str) -> Catalog:
    files = {file.name: file.read_bytes() for file in (FOLDER / name).iterdir()}
    return resolve(parse(files, namespace="office"))


def small_repository() -> SemanticDiff:
    return compare(catalog("before"), catalog("after"), before_name="1" * 40, after_name="2" * 40)


def evil() -> SemanticDiff:
    change = Change(
        kind=Kind.PROMPT,
        severity=Severity.HIGH,
        definition=DefinitionId("Agent", "ns", EVIL),
        position=Position(f"{EVIL}.yaml", 3),
        summary=f"system message {shown.code(EVIL)}",
        pieces=(Piece(Mark.ADDED, shown.visible(EVIL)), Piece(Mark.SAME, "\n\n# no title\n")),
        agents=(DefinitionId("Agent", "ns", EVIL), DefinitionId("Agent", EVIL, "b")),
    )
    return SemanticDiff(before="", after="", changes=(change,))


@pytest.mark.parametrize(
    ("golden", "text"),
    [
        ("expected.txt", renderings.plain(small_repository())),
        ("expected.md", renderings.markdown(small_repository())),
        ("expected.json", json.dumps(renderings.data(small_repository()), indent=2) + "\n"),
    ],
    ids=["plain", "markdown", "json"],
)
def test_the_small_repository_is_told_as_recorded(golden: str, text: str) -> None:
    file = FOLDER / golden
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text)

    assert text == file.read_text()


def test_no_secret_value_is_told() -> None:
    text = json.dumps(renderings.data(small_repository()))

    assert "LOG_LEVEL" in text
    assert "debug" not in text


def test_nothing_changed() -> None:
    same = compare(catalog("before"), catalog("before"))

    assert renderings.plain(same) == "No definition changed.\n"
    assert renderings.markdown(same).strip() == "No definition changed."


def test_a_repository_cannot_write_markup() -> None:
    """Everything of it is inside of a code span, or escaped inside of `<pre>`."""
    text = renderings.markdown(evil())
    inside = text[text.index("<pre>") :]

    assert inside.startswith("<pre><ins>`&lt;/pre&gt;*[x](javascript:1) @team &lt;script&gt;")
    assert "`` Agent ns/`</pre>*[x](javascript:1) @team <script>\\u{202e}\\u{1b}[31m ``" in text
    assert "`'</pre>*[x](javascript:1) @team <script>\\u{202e}\\u{1b}[31m`" in text
    assert "\n# no title" not in text


def test_a_terminal_is_not_told_what_to_do() -> None:
    assert renderings.plain(evil()).replace("\n", "").isprintable()


def test_long_markdown_ends_at_a_block() -> None:
    whole = renderings.markdown(small_repository())
    part = renderings.markdown(small_repository(), limit=1200)

    assert len(part) <= 1200 < len(whole)
    assert part.splitlines()[-1].endswith("parts are left out for their length._")
    assert part.count("<pre>") == part.count("</pre>")


def test_most_changes_are_only_counted() -> None:
    (change,) = evil().changes
    many = SemanticDiff(before="", after="", changes=(change,) * 300)

    assert renderings.plain(many).splitlines()[-1] == "… and 100 more changes"
