import pytest

from controller.sync.jqpaths import ExpressionError, PathFinder

MANIFEST = {"spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b"}]}}

LIST = ("spec", "containers")


@pytest.fixture(scope="module")
def find() -> PathFinder:
    return PathFinder(limit_s=60)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (".spec.containers[].image", ((*LIST, 0, "image"), (*LIST, 1, "image"))),
        ('.spec.containers[] | select(.name == "b") # why', ((*LIST, 1),)),
        (".spec.replicas", (("spec", "replicas"),)),
        (".spec.none[].image", ()),
        (".spec.containers[0:1]", ()),
        ("empty", ()),
    ],
)  # fmt: skip
def test_expressions_stand_for_paths(
    find: PathFinder, expression: str, expected: tuple[tuple[str | int, ...], ...]
) -> None:
    assert find(expression, MANIFEST) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "select([range(infinite)] == [])",
        'select(reduce range(1e9) as $n ("x"; . + .) == "")',
        "select([recurse(1)] == [])",
    ],
)
def test_hostile_expressions_are_stopped(expression: str) -> None:
    find = PathFinder(limit_s=0.5)
    with pytest.raises(ExpressionError, match="took") as caught:
        find(expression, MANIFEST)

    assert repr(expression) in str(caught.value)
    find._limit_s = 60.0
    assert find(".spec", MANIFEST) == (("spec",),), "the next question has an answer"


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        (".spec | tostring", "Invalid path expression"),
        (".spec[", "syntax error"),
        ('import "a" as a; .', "syntax error"),
    ],
)
def test_wrong_expressions_are_errors(find: PathFinder, expression: str, said: str) -> None:
    with pytest.raises(ExpressionError, match=said) as caught:
        find(expression, MANIFEST)

    assert repr(expression) in str(caught.value)
    assert find(".spec", MANIFEST) == (("spec",),), "the next question has an answer"


def test_the_environment_is_not_shown(find: PathFinder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x")

    assert find('select(env.SECRET == "x").spec', MANIFEST) == ()
