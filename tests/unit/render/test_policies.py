"""Objects that agents get by policy, and where the policy comes from."""

from collections.abc import Callable
from typing import Any

import pytest

from controller.render.options import RenderOptions

Render = Callable[..., Any]

ALL_ON = {
    "roster.dev/network-policy": "enabled",
    "roster.dev/pod-disruption-budget": "enabled",
    "roster.dev/autoscaling": "enabled",
}
KINDS = {"NetworkPolicy", "PodDisruptionBudget", "HorizontalPodAutoscaler"}


def agent(annotations: str = "{}", *, access: str = "Same") -> str:
    return f"""
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {{name: guarded, annotations: {annotations}}}
spec:
  type: BYO
  allowedNamespaces: {{from: {access}}}
  byo: {{deployment: {{image: "example.com/agent:1", replicas: 2}}}}
"""


def options(**more: Any) -> RenderOptions:
    return RenderOptions(application="demo", namespace="agents", **more)


def kinds(output: Any) -> set[str]:
    return {item["kind"] for item in output.objects()} & KINDS


def test_nothing_is_made_that_nobody_asked_for(render: Render) -> None:
    assert kinds(render(agent())) == set()


def test_an_application_asks_for_all_of_its_agents(render: Render) -> None:
    assert kinds(render(agent(), options=options(annotations=ALL_ON))) == KINDS


def test_an_agent_refuses_what_its_application_asks_for(render: Render) -> None:
    output = render(
        agent("{roster.dev/autoscaling: disabled}"), options=options(annotations=ALL_ON)
    )

    assert kinds(output) == KINDS - {"HorizontalPodAutoscaler"}
    assert output.find("Deployment", "guarded")["spec"]["replicas"] == 2


def test_the_autoscaler_alone_decides_on_replicas(render: Render) -> None:
    output = render(agent("{roster.dev/autoscaling: 2-2}"))

    assert "replicas" not in output.find("Deployment", "guarded")["spec"]
    assert output.find("HorizontalPodAutoscaler", "guarded")["spec"]["maxReplicas"] == 2
    assert [found.rule for found in output.rendered.findings] == ["replicas-ignored"]


@pytest.mark.parametrize(
    ("url", "namespaces"),
    [
        ("http://kagent-controller.kagent:8083", ["kagent"]),
        ("http://roster.system.svc.cluster.local", ["system"]),
        ("http://127.0.0.1:8083", []),
        ("https://roster.example.com", []),
        ("http://localhost:8083", []),
    ],
)
def test_the_controller_may_call_where_its_namespace_is_known(
    render: Render, url: str, namespaces: list[str]
) -> None:
    output = render(
        agent("{roster.dev/network-policy: enabled}"), options=options(controller_url=url)
    )

    (rule,) = output.find("NetworkPolicy", "guarded")["spec"]["ingress"]
    named = [
        caller["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        for caller in rule["from"]
        if "namespaceSelector" in caller
    ]
    assert named == namespaces


def test_agents_of_every_namespace_may_call_what_all_may_refer_to(render: Render) -> None:
    output = render(agent("{roster.dev/network-policy: enabled}", access="All"))

    (rule,) = output.find("NetworkPolicy", "guarded")["spec"]["ingress"]
    agents = {"matchLabels": {"app": "kagent"}}
    assert rule["from"][0] == {"namespaceSelector": {}, "podSelector": agents}


@pytest.mark.parametrize(
    "annotations",
    [
        "{roster.dev/network-policy: everybody}",
        "{roster.dev/pod-disruption-budget: '0'}",
        "{roster.dev/pod-disruption-budget: half}",
        "{roster.dev/autoscaling: 6-2}",
        "{roster.dev/autoscaling: '3'}",
        "{roster.dev/autoscaling: 1-2, roster.dev/autoscaling-cpu: 80%}",
    ],
)
def test_a_policy_that_cannot_be_is_refused_at_its_place(render: Render, annotations: str) -> None:
    (error,) = render(agent(annotations)).errors()

    assert error.rule == "invalid-policy"
    assert error.position.line == 4
    assert "Write disabled, " in error.remedy
