import pytest

from controller.definitions import suggest


@pytest.mark.parametrize(
    ("word", "candidates", "expected"),
    [
        ("steam", ["stream", "tools"], "stream"),
        ("ModelConfig", ["modelConfig"], "modelConfig"),
        ("systemmessage", ["systemMessage", "systemMessageFrom"], "systemMessage"),
        ("zebra", ["stream"], ""),
        ("a", [], ""),
    ],
)
def test_the_nearest_candidate_is_found_if_it_is_near(
    word: str, candidates: list[str], expected: str
) -> None:
    assert suggest.nearest(word, candidates) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ""),
        (["a"], "a"),
        (["b", "a"], "a or b"),
        (["c", "b", "a"], "a, b or c"),
        (["d", "c", "b", "a"], "a, b, c or one of 1 more"),
    ],
)
def test_words_are_listed_as_in_a_sentence(words: list[str], expected: str) -> None:
    assert suggest.listing(words, limit=3) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ""),
        (["a"], "a"),
        (["b", "a"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (["a", "b", "c", "d", "e"], "a, b, c and 2 more"),
    ],
)
def test_words_are_counted(words: list[str], expected: str) -> None:
    assert suggest.counted(words) == expected
