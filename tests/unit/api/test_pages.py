from datetime import timedelta
from types import SimpleNamespace

import pytest

from controller.api import pages


def test_agents_come_first_and_other_kinds_last(make: SimpleNamespace) -> None:
    groups = pages.groups(pages.rows(make.well()))

    assert [group.title for group in groups] == ["Agents", "Models", "Tools", "Others"]
    assert [row.component.name for row in groups[0].rows][:2] == ["oncall", "release-notes"]
    assert [group.is_mixed for group in groups] == [False, False, True, True]


def test_rows_carry_their_objects_in_waves(make: SimpleNamespace) -> None:
    agents = pages.groups(pages.rows(make.well()))[0]

    assert {len(row.objects) for row in agents.rows} == {5}
    assert not any(row.needs_attention for row in agents.rows)


def test_what_is_not_well_needs_attention(make: SimpleNamespace) -> None:
    agents = pages.groups(pages.rows(make.ill()))[0]

    assert [row.needs_attention for row in agents.rows] == [True, True, True]


def test_objects_without_a_definition_are_orphans(make: SimpleNamespace) -> None:
    assert [item.key for item in pages.orphans(make.ill())] == ["apps/Deployment agents/retired"]
    assert pages.orphans(make.well()) == ()


def test_errors_come_before_warnings(make: SimpleNamespace) -> None:
    record = make.ill()
    turned = record.status.model_copy(update={"findings": record.status.findings[::-1]})
    found = pages.findings(record.model_copy(update={"status": turned}))

    assert [item.severity for item in found] == ["error", "warning"]


def test_applications_that_need_somebody_come_first(make: SimpleNamespace) -> None:
    found = pages.worst_first([make.well("a"), make.ill("z"), make.well("b")])

    assert [record.spec.name for record in found] == ["z", "a", "b"]


def test_statuses_are_counted_worst_first() -> None:
    counts = pages.counted(["Healthy", "Degraded", "Healthy", "Progressing"])

    assert list(counts.items()) == [("Degraded", 1), ("Progressing", 1), ("Healthy", 2)]
    assert list(pages.counted(["Synced", "OutOfSync"])) == ["OutOfSync", "Synced"]


def test_diff_lines_know_what_they_are() -> None:
    text = "===== Service a ======\n--- live\n+++ desired\n@@ -1 +1 @@\n same\n-old\n+new\n"
    lines = pages.diff_lines(text)

    assert [line.kind for line in lines] == ["hunk", "same", "removed", "added"]
    assert pages.diff_summary(lines) == (1, 1)


def test_changed_lines_that_look_like_headers_are_shown() -> None:
    text = "--- live\n+++ desired\n@@ -1 +1 @@\n--- old: text\n+++ new: text\n"

    assert [line.kind for line in pages.diff_lines(text)] == ["hunk", "removed", "added"]


@pytest.mark.parametrize(
    ("line", "key", "rest"),
    [
        ("a: b", "a:", " b"),
        ("  a:", "  a:", ""),
        ("- name: x", "- name:", " x"),
        ("image: registry:5000/x", "image:", " registry:5000/x"),
        ("- --port", "", "- --port"),
        ("- http://x", "", "- http://x"),
        ("'a': b", "", "'a': b"),
        ("", "", ""),
    ],
)
def test_yaml_keys_are_told_from_values(line: str, key: str, rest: str) -> None:
    (part,) = pages.yaml_parts(f"{line}\n")

    assert (part.key, part.rest) == (key, rest)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-3, "just now"),
        (0, "just now"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (3600, "1 h ago"),
        (86400, "1 d ago"),
        (40 * 86400, "23 Nov 2025"),
    ],
)
def test_moments_are_told_as_people_do(make: SimpleNamespace, seconds: int, expected: str) -> None:
    assert pages.ago(make.now - timedelta(seconds=seconds), make.now) == expected


def test_never_is_told(make: SimpleNamespace) -> None:
    assert pages.ago(None, make.now) == "never"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.04, "0.0 s"), (4.25, "4.2 s"), (75, "75 s"), (125, "2 min 5 s"), (-1, "0.0 s")],
)
def test_durations_are_told_as_people_do(
    make: SimpleNamespace, seconds: float, expected: str
) -> None:
    assert pages.duration(make.now, make.now + timedelta(seconds=seconds)) == expected


def test_running_has_no_duration(make: SimpleNamespace) -> None:
    assert pages.duration(make.now, None) == ""


def test_backticks_become_code_and_nothing_else_becomes_markup() -> None:
    found = pages.with_code("`a<b>` and <script> and `x")

    assert found == "<code>a&lt;b&gt;</code> and &lt;script&gt; and `x"


@pytest.mark.parametrize(
    ("text", "show", "expected"),
    [
        ("", "all", 17),
        ("triage", "all", 1),
        ("agent/ WRITER", "all", 0),
        ("agent agents/ writ", "all", 1),
        ("demo.yaml", "all", 1),
        ("", "attention", 3),
        ("triage", "attention", 1),
    ],
)
def test_definitions_are_found_by_words_and_need(
    make: SimpleNamespace, text: str, show: str, expected: int
) -> None:
    rows = pages.rows(make.ill())
    finder = pages.Finder(text=text, show=show)

    found = sum(finder.takes(row) for row in rows)

    assert found == (expected if text or show != "all" else len(rows))


@pytest.mark.parametrize(
    ("page", "shown", "number"),
    [
        ("1", (0, 1, 2), 1),
        ("3", (6,), 3),
        ("", (0, 1, 2), 1),
        ("99", (6,), 3),
        ("-1", (0, 1, 2), 1),
        ("9" * 50, (0, 1, 2), 1),
    ],
)
def test_long_lists_come_in_numbered_pages(page: str, shown: tuple[int, ...], number: int) -> None:
    listing = pages.listing(range(7), page, size=3)

    assert (listing.items, listing.page, listing.pages, listing.total) == (shown, number, 3, 7)
    assert (listing.first, listing.last) == (shown[0] + 1, shown[-1] + 1)


def test_an_empty_list_is_one_page() -> None:
    listing = pages.listing((), "2", size=3)

    assert (listing.items, listing.pages, listing.first, listing.last) == ((), 1, 0, 0)


def test_rows_are_counted_by_title(make: SimpleNamespace) -> None:
    assert pages.totals(pages.rows(make.well()))["Agents"] == 6
