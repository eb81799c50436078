"""What an agent gets by policy: a NetworkPolicy, a PodDisruptionBudget, an autoscaler.

kagent renders none of them. Each is off unless an annotation asks for it: the agent's own, or its
application's, which is the default of all agents there. `disabled` on an agent turns one off again.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from controller.definitions.agent import AgentSpec
from controller.definitions.shared import AllowedNamespaces, PodSettings
from controller.render import workload
from controller.render.problems import RenderError
from controller.render.scope import Scope

NETWORK_POLICY = "roster.dev/network-policy"
DISRUPTION_BUDGET = "roster.dev/pod-disruption-budget"
AUTOSCALING = "roster.dev/autoscaling"
AUTOSCALING_CPU = "roster.dev/autoscaling-cpu"

_OFF = frozenset({"", "disabled"})
_ON = "enabled"
_MISSING = "1"
"""Pods that a node's maintenance may take away at a time: an agent of one pod stands in nobody's
way, and of several only one is gone."""
_REPLICAS = "1-5"
_CPU_PERCENT = "80"
"""Of the CPU that a pod requests, as Kubernetes' own walk-through has it."""
_SWITCH = re.compile(_ON)
_COUNT = re.compile(r"[1-9][0-9]{0,3}%?")
_RANGE = re.compile(r"([1-9][0-9]{0,2})-([1-9][0-9]{0,2})")
_SUCH_AS = "enabled, or least and most pods, such as 2-6"
_PERCENT = re.compile(r"[1-9][0-9]{0,2}")
_NAMESPACE_NAME = "kubernetes.io/metadata.name"
_AGENTS = {"matchLabels": {"app": workload.MANAGED_BY}}


def values(
    spec: AgentSpec, settings: PodSettings, scope: Scope, resources: Mapping[str, Any]
) -> dict[str, Any]:
    """Give what the templates of the three objects print; None for what is off.

    Raises:
        RenderError: an annotation asks for something that cannot be.
    """
    return {
        "network_policy": _network_policy(spec, scope),
        "disruption_budget": _disruption_budget(scope),
        "autoscaling": _autoscaling(settings, scope, resources),
    }


def _network_policy(spec: AgentSpec, scope: Scope) -> dict[str, Any] | None:
    if _wanted(scope, NETWORK_POLICY, default=_ON, form=_SWITCH, such_as="or enabled") is None:
        return None
    return {"callers": [*_agents(spec.allowed_namespaces), *_controller(scope)]}


def _agents(access: AllowedNamespaces | None) -> list[dict[str, Any]]:
    """Give the agents that may refer to this one: those that may also call it."""
    here = {"podSelector": _AGENTS}
    match access.from_ if access else "Same":
        case "All":
            return [{"namespaceSelector": {}, **here}]
        case "Selector" if access and access.selector:
            selector = access.selector.model_dump(by_alias=True, exclude_defaults=True)
            return [here, {"namespaceSelector": selector, **here}]
        case _:
            return [here]


def _controller(scope: Scope) -> list[dict[str, Any]]:
    """Give the namespace of the controller, whose gateway calls agents for people.

    Where its address does not say the namespace, it runs outside of the cluster and comes through
    the API server, which no selector can name.
    """
    host = urlsplit(scope.options.controller_url).hostname or ""
    service, _, namespace = host.removesuffix(".svc.cluster.local").partition(".")
    if not service or not namespace or "." in namespace or namespace.isdigit():
        return []
    return [{"namespaceSelector": {"matchLabels": {_NAMESPACE_NAME: namespace}}}]


def _disruption_budget(scope: Scope) -> dict[str, Any] | None:
    given = _wanted(
        scope,
        DISRUPTION_BUDGET,
        default=_MISSING,
        form=_COUNT,
        such_as="enabled, or a number such as 1 or 50%",
    )
    if given is None:
        return None
    return {"max_unavailable": given if given.endswith("%") else int(given)}


def _autoscaling(
    settings: PodSettings, scope: Scope, resources: Mapping[str, Any]
) -> dict[str, Any] | None:
    given = _wanted(scope, AUTOSCALING, default=_REPLICAS, form=_RANGE, such_as=_SUCH_AS)
    if given is None:
        return None
    least, most = (int(number) for number in given.split("-"))
    if least > most:
        raise _refused(scope, AUTOSCALING, such_as=_SUCH_AS)
    percent = _wanted(
        scope,
        AUTOSCALING_CPU,
        default=_CPU_PERCENT,
        form=_PERCENT,
        such_as=f"or a number such as {_CPU_PERCENT}",
    )
    _warn(settings, scope, resources)
    return {"least": least, "most": most, "cpu_percent": int(percent or _CPU_PERCENT)}


def _warn(settings: PodSettings, scope: Scope, resources: Mapping[str, Any]) -> None:
    if settings.replicas is not None:
        warning = RenderError(
            "replicas-ignored",
            f"'replicas' has no effect: {AUTOSCALING} leaves the number of pods to the autoscaler",
            remedy="Remove 'replicas'.",
            path=scope.annotation_path(AUTOSCALING),
        )
        scope.sources.warn(warning)
    if "cpu" not in (resources.get("requests") or {}):
        warning = RenderError(
            "autoscaling-without-request",
            "the autoscaler compares with the CPU that the agent requests, and it requests none",
            remedy="Add 'resources.requests.cpu'.",
            path=scope.annotation_path(AUTOSCALING),
        )
        scope.sources.warn(warning)


def _wanted(
    scope: Scope, name: str, *, default: str, form: re.Pattern[str], such_as: str
) -> str | None:
    given = scope.annotation(name)
    if given in _OFF:
        return None
    if given == _ON:
        return default
    if not form.fullmatch(given):
        raise _refused(scope, name, such_as=such_as)
    return given


def _refused(scope: Scope, name: str, *, such_as: str) -> RenderError:
    return RenderError(
        "invalid-policy",
        f"{name} cannot be {scope.annotation(name)!r}",
        remedy=f"Write disabled, {such_as}.",
        path=scope.annotation_path(name),
    )
