"""Health by kind: the rules of gitops-engine's `pkg/health`, of kstatus for the rest.

Where the two differ, the stricter one holds; the differences are named at the rule.
"""

from collections.abc import Callable, Mapping

from controller.health import custom, pods, resources, workloads
from controller.health.status import Health, HealthStatus
from controller.objects import Manifest, group_of

_RULES: Mapping[tuple[str, str], Callable[[Manifest], Health]] = {
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


def assess(manifest: Manifest) -> Health:
    """Tell how an object is doing.

    Objects of kinds without a rule are judged by their conditions (kstatus); those that have none,
    such as a ConfigMap, are healthy as soon as they exist.
    """
    if (manifest.get("metadata") or {}).get("deletionTimestamp"):
        return Health(HealthStatus.PROGRESSING, "Pending deletion.")
    kind = (group_of(str(manifest.get("apiVersion", ""))), str(manifest.get("kind", "")))
    return _RULES.get(kind, custom.resource)(manifest)
