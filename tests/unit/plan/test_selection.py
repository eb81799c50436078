from typing import Any

import pytest

from controller.objects import ObjectKey
from controller.plan import selection
from controller.plan.selection import Selector


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("apps:Deployment:a", Selector(group="apps", kind="Deployment", name="a")),
        (":Secret:ns/a", Selector(kind="Secret", namespace="ns", name="a")),
    ],
)
def test_a_selector_is_read_as_argo_cd_writes_it(text: str, expected: Selector) -> None:
    assert Selector.parse(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize("text", ["Deployment/a", "apps:Deployment", "::a", "a:b:c:d", ""])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="GROUP:KIND:NAME"):
        Selector.parse(text)


def test_an_object_is_found_in_any_namespace_where_none_is_named() -> None:
    key = ObjectKey("", "ConfigMap", "ns", "a")

    assert Selector(kind="ConfigMap", name="a").matches(key)
    assert not Selector(kind="ConfigMap", name="a", namespace="other").matches(key)
    assert not Selector(kind="Secret", name="a").matches(key)


def test_a_plan_is_cut_down_to_what_was_chosen(plan: Any, component: Any, an_object: Any) -> None:
    made = plan(
        component("one", an_object("a"), an_object("b")),
        component("two", an_object("c", "Job", **{"roster.dev/hook": "PreSync"})),
        live=[an_object("old")],
    )
    wanted = [Selector(kind="ConfigMap", name="b"), Selector(kind="ConfigMap", name="none")]

    chosen = selection.choose(made, wanted)

    assert [step.key.name for step in chosen.changes] == ["b"]
    assert (chosen.hooks, chosen.is_partial) == ((), True)
    assert selection.unknown(made, wanted) == (wanted[1],)
