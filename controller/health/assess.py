"""Health by kind: the rules of gitops-engine's `pkg/health`, of kstatus for the rest.

Where the two differ, the stricter one holds; the differences are named at the rule.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from controller.health import custom, pods, resources, workloads
from controller.health.status import Health, HealthStatus
from controller.objects import Manifest, group_of

Assess: TypeAlias = Callable[[Manifest], Health]
"""Tells how an object is doing."""

_RULES: Mapping[tuple[str, str], Assess] = {
    ("apps", "Deployment"): workloads.deployment,
    ("apps", "StatefulSet"): workloads.stateful_set,
    ("apps", "DaemonSet"): workloads.daemon_set,
    ("apps", "ReplicaSet"): workloads.replica_set,
    ("batch", "Job"): workloads.job,
    ("batch", "CronJob"): workloads.cron_job,
    ("", "Pod"): pods.pod,
    ("", "PersistentVolumeClaim"): resources.volume_claim,
    ("", "Service"): resources.service,
    ("networking.k8s.io", "Ingress"): resources.ingress,
    ("autoscaling", "HorizontalPodAutoscaler"): resources.autoscaler,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): resources.definition,
    ("apiregistration.k8s.io", "APIService"): resources.api_service,
}
MISSING = Health(HealthStatus.MISSING, "Not in the cluster.")


_IGNORE = (("roster.dev/health", "ignore"), ("argocd.argoproj.io/ignore-healthcheck", "true"))
_HOOK_FINALIZER = "argocd.argoproj.io/hook-finalizer"


def assess(manifest: Manifest, *, rule: Assess | None = None) -> Health:
    """Tell how an object is doing.

    Objects of kinds without a rule are judged by their conditions (kstatus); those that have none,
    such as a ConfigMap, are healthy as soon as they exist.

    Args:
        manifest: a live object.
        rule: in place of the one for its kind.
    """
    metadata = manifest.get("metadata") or {}
    if metadata.get("deletionTimestamp") and _HOOK_FINALIZER not in (
        metadata.get("finalizers") or ()
    ):
        return Health(HealthStatus.PROGRESSING, "Pending deletion.")
    told = metadata.get("annotations") or {}
    if any(told.get(name) == value for name, value in _IGNORE):
        return Health(HealthStatus.HEALTHY)
    kind = (group_of(str(manifest.get("apiVersion", ""))), str(manifest.get("kind", "")))
    judge = rule or _RULES.get(kind, custom.resource)
    return judge(manifest)
