import pytest

from controller.objects import pointers


def test_names_are_unescaped() -> None:
    assert pointers.parse("/metadata/annotations/a.b~1c~0d/0") == (
        "metadata", "annotations", "a.b/c~d", "0",
    )  # fmt: skip


@pytest.mark.parametrize("text", ["", "spec/replicas", "/a~2b", "/a~"])
def test_what_is_no_pointer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="'"):
        pointers.parse(text)
