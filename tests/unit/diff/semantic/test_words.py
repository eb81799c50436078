import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.diff.semantic.change import Mark, Piece
from controller.diff.semantic.words import MOST_SHOWN, compare, excerpt


def shown(pieces: tuple[Piece, ...]) -> str:
    signs = {Mark.SAME: "{}", Mark.ADDED: "{{+{}+}}", Mark.REMOVED: "[-{}-]", Mark.GAP: "<{}>"}
    return "".join(signs[piece.mark].format(piece.text) for piece in pieces)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("a b c", "a b c", ""),
        ("Be kind.", "Be very kind.", "Be {+very +}kind."),
        ("Be kind.", "Be firm.", "Be [-kind-]{+firm+}."),
        ("Be kind.", "Be kind", "Be kind[-.-]"),
        ("", "Be kind.", "{+Be kind.+}"),
        ("Be kind.\n", "Be kind.\nBe brief.\n", "Be kind.\n{+Be brief.\n+}"),
        ("one two three", "uno two tres", "[-one two three-]{+uno two tres+}"),
        ("Antworte kurz.", "Antworte ausführlich.", "Antworte [-kurz-]{+ausführlich+}."),
    ],
)
def test_words_that_changed_are_marked(before: str, after: str, expected: str) -> None:
    assert shown(compare(before, after)) == expected


def test_what_is_far_from_a_change_is_left_out() -> None:
    words = [f"w{n}" for n in range(100)]
    changed = [*words[:50], "NEW", *words[50:]]

    pieces = compare(" ".join(words), " ".join(changed))

    assert shown(pieces) == (
        "< … >w42 w43 w44 w45 w46 w47 w48 w49 {+NEW +}w50 w51 w52 w53 w54 w55 w56 w57 < … >"
    )


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab \n.", max_size=40), st.text(alphabet="ab \n.", max_size=40))
def test_both_texts_can_be_read_off(before: str, after: str) -> None:
    """So short that nothing is left out; white space may come from either side."""
    pieces = compare(before, after)
    old = "".join(p.text for p in pieces if p.mark in {Mark.SAME, Mark.REMOVED})
    new = "".join(p.text for p in pieces if p.mark in {Mark.SAME, Mark.ADDED})

    if pieces and not any(piece.mark is Mark.GAP for piece in pieces):
        assert ("".join(old.split()), new) == ("".join(before.split()), after)
    assert bool(pieces) == (before != after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a " * 200_000, "b " * 200_000),
        ("a\n" * 20_000, "b\n" * 20_000),
        ("a b\n" * 900, "b a\n" * 900),
    ],
    ids=["words", "lines", "repeated"],
)
def test_huge_texts_are_compared_roughly(before: str, after: str) -> None:
    pieces = compare(before, after)

    assert 0 < sum(len(piece.text) for piece in pieces) < MOST_SHOWN + 100


def test_an_excerpt_is_bounded() -> None:
    pieces = excerpt("x" * 10_000, Mark.ADDED)

    assert shown(pieces).endswith("+}< … (shortened)>")
    assert len(pieces[0].text) == MOST_SHOWN


def test_what_hides_is_written_out() -> None:
    """CVE-2021-42574 and tag characters: a reviewer sees what the model reads."""
    pieces = compare("Be kind.", "Be kind.\u202e\U000e0041\x1b[2J")

    assert shown(pieces) == "Be kind.{+\\u{202e}\\u{e0041}\\u{1b}[2J+}"
