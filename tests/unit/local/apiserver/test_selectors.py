import pytest

from controller.local.apiserver import selectors
from controller.local.apiserver.errors import ApiError
from controller.local.apiserver.resources import Registry

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
    pods = Registry().by_name("pods")

    assert selectors.field_matcher(selectors.parse_fields(text, pods))(OBJECT) is matches


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        (
            "configmaps",
            '"data.i" is not a known field selector: only "metadata.name", "metadata.namespace"',
        ),
        ("namespaces", "field label not supported: data.i"),
        ("secrets", "field label not supported: data.i"),
        ("jobs.batch", 'field label "data.i" not supported for Job'),
        ("clusterroles.rbac.authorization.k8s.io",
         '"data.i" is not a known field selector: only "metadata.name"'),
    ],
)  # fmt: skip
def test_an_unknown_field_is_refused_in_the_words_of_its_kind(resource: str, message: str) -> None:
    with pytest.raises(ApiError) as refused:
        selectors.parse_fields("data.i=1", Registry().by_name(resource))

    assert refused.value.message == message
