import pytest

from controller.local.apiserver import selectors
from controller.local.apiserver.errors import ApiError

OBJECT = {
    "metadata": {"name": "x", "labels": {"app": "web", "n": "5"}},
    "spec": {"hostNetwork": True},
}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("app=web", True),
        ("app==web,n=5", True),
        ("app!=web", False),
        ("missing!=x", True),
        ("app in (api, web)", True),
        ("app notin (api)", True),
        ("app", True),
        ("!app", False),
        ("!missing", True),
        ("n>4", True),
        ("n<4", False),
        ("", True),
    ],
)
def test_label_selectors(text: str, *, matches: bool) -> None:
    assert selectors.matches_labels(selectors.parse_labels(text), OBJECT) is matches


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        (
            "=x",
            "unable to parse requirement: found '=', expected: !, identifier, or 'end of string'",
        ),
    ],
)
def test_label_selectors_that_make_no_sense(text: str, message: str) -> None:
    with pytest.raises(ApiError) as refused:
        selectors.parse_labels(text)

    assert (refused.value.code, refused.value.message) == (400, message)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("metadata.name=x", True),
        ("metadata.name!=x", False),
        ("spec.hostNetwork=true", True),
        ("status.phase=", True),
    ],
)
def test_field_selectors(text: str, *, matches: bool) -> None:
    known = ("metadata.name", "spec.hostNetwork", "status.phase")

    assert selectors.field_matcher(selectors.parse_fields(text, known))(OBJECT) is matches


def test_an_unknown_field_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ApiError) as refused:
        selectors.parse_fields("data.i=1", ("metadata.name", "metadata.namespace"))

    expected = '"data.i" is not a known field selector: only "metadata.name", "metadata.namespace"'
    assert refused.value.message == expected
