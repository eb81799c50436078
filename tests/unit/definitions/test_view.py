import pytest

from controller.definitions.view import View

DATA = {"a": {"b": [{"c": "text"}, 1, "x"]}, "empty": "", "null": None, "yes": True}


def test_a_value_is_found_with_its_path() -> None:
    first = next(View(DATA).at("a", "b").each())["c"]

    assert (first.text, first.path) == ("text", ("a", "b", 0, "c"))


def test_the_path_goes_on_from_that_of_the_root() -> None:
    assert View({}, ("spec",)).at("a", "b").path == ("spec", "a", "b")


@pytest.mark.parametrize("keys", [("x",), ("empty", "x"), ("null", "x"), ("a", "b", "c")])
def test_what_is_not_there_is_absent(keys: tuple[str, ...]) -> None:
    absent = View(DATA).at(*keys)

    assert not absent
    assert (absent.text, absent.path, list(absent.each())) == ("", keys, [])


def test_an_empty_text_is_there_and_a_null_is_only_written() -> None:
    view = View(DATA)

    assert view["empty"]
    assert not view["null"]
    assert view.holds("null")
    assert not view.holds("x")
    assert not view["empty"].holds("x")


def test_only_true_is_true() -> None:
    assert View(DATA)["yes"].is_true
    assert not View({"yes": "true"})["yes"].is_true


def test_texts_are_the_items_that_are_text() -> None:
    assert View(DATA).at("a", "b").texts() == ("x",)


def test_the_values_of_a_mapping_are_given_with_their_keys() -> None:
    assert [value.path for value in View({"a": 1, "b": 2}).each()] == [("a",), ("b",)]
