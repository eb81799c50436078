"""Components, live objects and differences to plan with."""

from collections.abc import Callable
from typing import Any

import pytest

from controller.definitions.findings import DefinitionId, Position
from controller.diff.difference import Difference, Outcome
from controller.objects import Manifest, ObjectKey
from controller.plan import make
from controller.plan.policy import Policy
from controller.plan.steps import Plan
from controller.render.component import Component


def id_of(name: str) -> DefinitionId:
    return DefinitionId(kind="Agent", namespace="ns", name=name)


@pytest.fixture
def an_object() -> Callable[..., Manifest]:
    """Make a ConfigMap, live if it has a uid."""

    def build(
        name: str, kind: str = "ConfigMap", application: str = "app", **annotations: str
    ) -> Manifest:
        return {
            "apiVersion": "v1",
            "kind": kind,
            "metadata": {
                "name": name,
                "namespace": "ns",
                "uid": f"uid-{name}",
                "labels": {"roster.dev/application": application} if application else {},
                "annotations": {"roster.dev/component": f"Agent ns/{name}", **annotations},
            },
        }

    return build


@pytest.fixture
def component() -> Callable[..., Component]:
    """Make a component from manifests."""

    def build(
        name: str, *manifests: Manifest, needs: tuple[str, ...] = (), wave: int = 0
    ) -> Component:
        return Component(
            id=id_of(name),
            position=Position("a.yaml"),
            manifests=manifests,
            depends_on=frozenset(id_of(other) for other in needs),
            wave=wave,
        )

    return build


@pytest.fixture
def plan() -> Callable[..., Plan]:
    """Make a plan of the application `app`, which prunes and knows all of its live objects."""

    def build(*components: Component, **known: Any) -> Plan:
        live = {ObjectKey.of(found): found for found in known.pop("live", ())}
        policy = Policy(**{"prune": True, **known.pop("policy", {})})
        outcomes, messages = known.pop("outcomes", {}), known.pop("messages", {})
        found = {}
        for one in components:
            for manifest in one.manifests:
                key = ObjectKey.of(manifest)
                outcome = outcomes.get(key.name, Outcome.MISSING)
                there = known.get("there", {}).get(key.name, live.get(key))
                found[key] = Difference(
                    key=key,
                    outcome=outcome,
                    desired=manifest,
                    live=there,
                    message=messages.get(key.name, ""),
                    must_not_write=key.name in known.get("untouchable", ()),
                )
        known.pop("there", None)
        known.pop("untouchable", None)
        return make.make(
            application="app",
            revision="r1",
            components=components,
            live=live,
            differences=found,
            policy=policy,
            **{
                "blocked": (),
                "inventory": frozenset(live),
                "source_is_empty": False,
                **known,
            },
        )

    return build
