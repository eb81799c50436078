import pytest

from controller.definitions.catalog import Document, Path
from controller.definitions.documents import split
from controller.definitions.findings import Position
from controller.definitions.positions import Positions, inside, locate

CONTENT = b"""# comment
first: 1
---
spec:
  tools:
    - name: a
      type: x
    -
      name: b
  text: |
    one
      two
  folded: >
    three
"""


def document(content: bytes = CONTENT, index: int = 1, prefix: Path = ()) -> Document:
    chunk = split(content.decode())[index]
    return Document(file="f.yaml", index=index, data={}, positions=Positions(chunk, prefix))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), (4, 1)),
        (("spec",), (4, 1)),
        (("spec", "tools"), (5, 3)),
        (("spec", "tools", 0), (6, 7)),
        (("spec", "tools", 0, "type"), (7, 7)),
        (("spec", "tools", 1, "name"), (9, 7)),
        (("spec", "tools", 7, "name"), (5, 3)),
        (("nowhere",), (4, 1)),
    ],
    ids=str,
)
def test_a_path_is_found_at_its_key_or_that_of_its_parent(
    path: Path, expected: tuple[int, int]
) -> None:
    assert document().position(path) == Position("f.yaml", *expected)


def test_positions_below_a_prefix_are_those_of_an_item_of_a_list() -> None:
    item = document(prefix=("spec", "tools", 1))

    assert item.position(("name",)) == Position("f.yaml", 9, 7)
    assert set(item.positions) == {(), ("name",)}
    assert len(item.positions) == 2


@pytest.mark.parametrize(
    ("path", "line", "expected"),
    [
        (("spec", "text"), 0, (11, 5)),
        (("spec", "text"), 1, (12, 7)),
        (("spec", "text"), 40, (51, 1)),
        (("spec", "folded"), 0, (13, 3)),
        (("nowhere",), 3, (4, 1)),
    ],
    ids=str,
)
def test_a_line_of_a_block_of_text_is_a_line_of_the_file(
    path: Path, line: int, expected: tuple[int, int]
) -> None:
    assert inside(document(), path, line) == Position("f.yaml", *expected)


def test_of_a_key_given_twice_the_first_place_is_told() -> None:
    assert locate("a: 1\na: 2")[("a",)].line == 1


def test_of_a_broken_document_the_places_before_the_damage_are_told() -> None:
    places = locate("a: 1\nb: [", 10)

    assert places[("a",)].line == 10


def test_of_a_document_broken_at_once_the_start_is_told() -> None:
    assert locate("@", 10)[()].line == 10


def test_the_places_of_a_deep_document_end_at_the_limit() -> None:
    assert len(locate("[" * 1000)) < 200
