import pytest

from controller.runtime.demo import notes


def test_notes_are_kept_replaced_and_deleted() -> None:
    kept = notes.Notes()

    assert kept.save("b", "1") == "Saved the note “b”."
    assert kept.save("b", "2") == "Replaced the note “b”."
    kept.save("a", "3")
    assert kept.titles() == ["a", "b"]
    assert kept.read("b") == "2"
    assert kept.delete("b") == "Deleted the note “b”."
    assert kept.titles() == ["a"]


def test_an_unknown_title_is_answered_with_the_known_ones() -> None:
    kept = notes.Notes()
    kept.save("a", "1")

    with pytest.raises(notes.NoteError, match="there are: “a”"):
        kept.read("b")
    with pytest.raises(notes.NoteError, match="no note “b”"):
        kept.delete("b")


def test_notes_are_bounded() -> None:
    kept = notes.Notes()
    for number in range(notes.MAX_NOTES):
        kept.save(str(number), "")

    with pytest.raises(notes.NoteError, match="too many"):
        kept.save("one more", "")
    with pytest.raises(notes.NoteError, match="at most"):
        kept.save("0", "x" * (notes.MAX_TEXT + 1))
