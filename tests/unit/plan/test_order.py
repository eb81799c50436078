from typing import Any

import pytest

from controller.plan import order


def test_kinds_stand_in_the_order_of_flux() -> None:
    kinds = ["Deployment", "ValidatingWebhookConfiguration", "Agent", "Namespace", "Secret",
             "CustomResourceDefinition", "ServiceAccount"]  # fmt: skip

    assert sorted(kinds, key=order.rank) == [
        "CustomResourceDefinition", "Namespace", "ServiceAccount", "Secret", "Deployment",
        "Agent", "ValidatingWebhookConfiguration",
    ]  # fmt: skip


def test_our_wave_annotation_wins_over_that_of_argo_cd(an_object: Any) -> None:
    both = an_object("x", **{"argocd.argoproj.io/sync-wave": "1", "roster.dev/sync-wave": "-2"})

    assert order.wave(both) == -2
    assert order.wave(an_object("x"), default=4) == 4


@pytest.mark.parametrize("text", ["", "1.5", "soon"])
def test_a_wave_that_is_no_number_is_an_error(an_object: Any, text: str) -> None:
    with pytest.raises(ValueError, match="not a whole number"):
        order.wave(an_object("x", **{"roster.dev/sync-wave": text}))


def test_levels_count_the_longest_chain(component: Any) -> None:
    levels = order.levels(
        [
            component("caller", needs=("agent", "model")),
            component("agent", needs=("tool", "elsewhere")),
            component("tool", needs=("model",)),
            component("model"),
        ]
    )

    assert {id_.name: level for id_, level in levels.items()} == {
        "model": 0, "tool": 1, "agent": 2, "caller": 3,
    }  # fmt: skip


def test_a_cycle_ends(component: Any) -> None:
    levels = order.levels([component("a", needs=("b",)), component("b", needs=("a",))])

    assert len(levels) == 2


def test_levels_of_some_components_are_those_they_have_among_all(component: Any) -> None:
    chain = [component("a"), component("b", needs=("a",)), component("c", needs=("b",))]

    levels = order.levels(chain, [chain[1].id])

    assert {id_.name: level for id_, level in levels.items()} == {"a": 0, "b": 1}
