"""The values that the API gives to fields that an object leaves open.

Follows k8s.io/kubernetes `pkg/apis/*/v1/defaults.go`. Defaults come before ownership: whoever
creates an object owns them; an applier does not.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

Value: TypeAlias = dict[str, Any]

_NO_LIMIT = 2**31 - 1


def _set(value: Value, **defaults: Any) -> None:
    for name, default in defaults.items():
        if value.get(name) is None:
            value[name] = default


def apply(group: str, kind: str, value: Value) -> None:
    """Fill in an object that was freshly decoded, and so is nobody else's."""
    step = _BY_KIND.get((group, kind))
    if step is not None:
        step(value)


def _deployment(value: Value) -> None:
    spec = value["spec"]
    _set(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = spec["strategy"]
    _set(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        _set(rolling, maxUnavailable="25%", maxSurge="25%")
    pod_spec(spec["template"]["spec"])


def _replica_set(value: Value) -> None:
    _set(value["spec"], replicas=1)
    _label_from_template(value)
    pod_spec(value["spec"]["template"]["spec"])


def _label_from_template(value: Value) -> None:
    labels = value["spec"]["template"]["metadata"].get("labels")
    if labels and not value["metadata"].get("labels"):
        value["metadata"]["labels"] = dict(labels)


def _stateful_set(value: Value) -> None:
    spec = value["spec"]
    _set(spec, podManagementPolicy="OrderedReady", replicas=1, revisionHistoryLimit=10)
    strategy = spec["updateStrategy"]
    _set(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _set(strategy.setdefault("rollingUpdate", {}), partition=0)
    retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    _set(retention, whenDeleted="Retain", whenScaled="Retain")
    for claim in spec.get("volumeClaimTemplates", ()):
        _set(claim.setdefault("spec", {}), volumeMode="Filesystem")
        _set(claim.setdefault("status", {}), phase="Pending")
    pod_spec(spec["template"]["spec"])


def _daemon_set(value: Value) -> None:
    spec = value["spec"]
    _set(spec, revisionHistoryLimit=10)
    strategy = spec["updateStrategy"]
    _set(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _set(strategy.setdefault("rollingUpdate", {}), maxUnavailable=1, maxSurge=0)
    pod_spec(spec["template"]["spec"])


def _job(value: Value) -> None:
    _label_from_template(value)
    _job_spec(value["spec"])


def _job_spec(spec: Value) -> None:
    if spec.get("completions") is None and spec.get("parallelism") is None:
        _set(spec, completions=1)
    limit = _NO_LIMIT if "backoffLimitPerIndex" in spec else 6
    _set(spec, parallelism=1, backoffLimit=limit, completionMode="NonIndexed", suspend=False)
    _set(spec, podReplacementPolicy="TerminatingOrFailed")
    if "podFailurePolicy" in spec:
        spec["podReplacementPolicy"] = "Failed"
    pod_spec(spec["template"]["spec"])


def _cron_job(value: Value) -> None:
    spec = value["spec"]
    _set(spec, concurrencyPolicy="Allow", suspend=False)
    _set(spec, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1)
    template = spec["jobTemplate"]["spec"]["template"]
    pod_spec(template["spec"])


def _pod(value: Value) -> None:
    spec = value["spec"]
    _set(spec, enableServiceLinks=True)
    for container in (*spec.get("initContainers", ()), *(spec.get("containers") or ())):
        resources = container["resources"]
        for name, amount in resources.get("limits", {}).items():
            resources.setdefault("requests", {}).setdefault(name, amount)
    pod_spec(spec)


def pod_spec(spec: Value) -> None:
    """Fill in the specification of a pod, also inside templates."""
    _set(spec, restartPolicy="Always", terminationGracePeriodSeconds=30, dnsPolicy="ClusterFirst")
    _set(spec, securityContext={}, schedulerName="default-scheduler")
    if "serviceAccountName" in spec:
        spec["serviceAccount"] = spec["serviceAccountName"]
    elif "serviceAccount" in spec:
        spec["serviceAccountName"] = spec["serviceAccount"]
    for container in (*spec.get("initContainers", ()), *(spec.get("containers") or ())):
        _container(container)
        if spec.get("hostNetwork"):
            for port in container.get("ports", ()):
                _set(port, hostPort=port["containerPort"])
    for volume in spec.get("volumes", ()):
        _volume(volume)


def _container(container: Value) -> None:
    image = container.get("image", "")
    tag = image.rpartition("/")[2].partition(":")[2]
    latest = "@" not in image and tag in {"", "latest"}
    _set(container, terminationMessagePath="/dev/termination-log", terminationMessagePolicy="File")
    _set(container, imagePullPolicy="Always" if latest else "IfNotPresent")
    for port in container.get("ports", ()):
        _set(port, protocol="TCP")
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in container:
            _probe(container[probe])
    for hook in ("postStart", "preStop"):
        _http_get(container.get("lifecycle", {}).get(hook, {}))
    for entry in container.get("env", ()):
        reference = entry.get("valueFrom", {}).get("fieldRef")
        if reference is not None:
            _set(reference, apiVersion="v1")


def _probe(probe: Value) -> None:
    _set(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
    _http_get(probe)
    if "grpc" in probe:
        _set(probe["grpc"], service="")


def _http_get(owner: Value) -> None:
    if "httpGet" in owner:
        _set(owner["httpGet"], path="/", scheme="HTTP")


def _volume(volume: Value) -> None:
    for name in ("secret", "configMap", "downwardAPI", "projected"):
        if name in volume:
            _set(volume[name], defaultMode=0o644)
    for reference in _field_references(volume):
        _set(reference, apiVersion="v1")
    for source in volume.get("projected", {}).get("sources", ()):
        if "serviceAccountToken" in source:
            _set(source["serviceAccountToken"], expirationSeconds=3600)
    if "hostPath" in volume:
        _set(volume["hostPath"], type="")
    if len(volume) == 1:
        volume["emptyDir"] = {}


def _field_references(volume: Value) -> Iterator[Value]:
    owners = [volume.get("downwardAPI", {})]
    owners += [s.get("downwardAPI", {}) for s in volume.get("projected", {}).get("sources", ())]
    for owner in owners:
        yield from (item["fieldRef"] for item in owner.get("items", ()) if "fieldRef" in item)


def _service(value: Value) -> None:
    spec = value["spec"]
    _set(spec, sessionAffinity="None", type="ClusterIP")
    if spec["sessionAffinity"] == "ClientIP":
        affinity = spec.setdefault("sessionAffinityConfig", {})
        _set(affinity.setdefault("clientIP", {}), timeoutSeconds=10800)
    for port in spec.get("ports", ()):
        _set(port, protocol="TCP")
        if port.get("targetPort") in {None, 0, ""}:
            port["targetPort"] = port["port"]
    if spec["type"] in {"ClusterIP", "NodePort", "LoadBalancer"}:
        _set(spec, internalTrafficPolicy="Cluster")
    if spec["type"] in {"NodePort", "LoadBalancer"}:
        _set(spec, externalTrafficPolicy="Cluster")
    if spec["type"] == "LoadBalancer":
        _set(spec, allocateLoadBalancerNodePorts=True)


def _secret(value: Value) -> None:
    _set(value, type="Opaque")


def _namespace(value: Value) -> None:
    if name := value["metadata"].get("name"):
        value["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = name


def _autoscaler(value: Value) -> None:
    _set(value["spec"], minReplicas=1)
    if value["apiVersion"] == "autoscaling/v2" and not value["spec"].get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        resource = {"name": "cpu", "target": target}
        value["spec"]["metrics"] = [{"type": "Resource", "resource": resource}]
    _scaling_rules(value["spec"].get("behavior"))


def _scaling_rules(behavior: Value | None) -> None:
    if behavior is None:
        return
    percent = {"type": "Percent", "value": 100, "periodSeconds": 15}
    pods = {"type": "Pods", "value": 4, "periodSeconds": 15}
    up, down = behavior.setdefault("scaleUp", {}), behavior.setdefault("scaleDown", {})
    _set(up, stabilizationWindowSeconds=0, selectPolicy="Max", policies=[pods, percent])
    _set(down, selectPolicy="Max", policies=[percent])


def _custom_resource_definition(value: Value) -> None:
    spec = value["spec"]
    names = spec["names"]
    if kind := names.get("kind"):
        _set(names, singular=kind.lower(), listKind=f"{kind}List")
    _set(spec, conversion={"strategy": "None"})


def _network_policy(value: Value) -> None:
    spec = value["spec"]
    for rule in (*spec.get("ingress", ()), *spec.get("egress", ())):
        for port in rule.get("ports", ()):
            _set(port, protocol="TCP")
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def _binding(value: Value) -> None:
    _set(value["roleRef"], apiGroup="rbac.authorization.k8s.io")
    for subject in value.get("subjects", ()):
        if subject.get("kind") in {"User", "Group"}:
            _set(subject, apiGroup="rbac.authorization.k8s.io")


def _endpoint_slice(value: Value) -> None:
    for port in value.get("ports") or ():
        _set(port, name="", protocol="TCP")


def _ingress(value: Value) -> None:
    for rule in value["spec"].get("rules", ()):
        for path in rule.get("http", {}).get("paths", ()):
            _set(path, pathType="ImplementationSpecific")


def _volume_claim(value: Value) -> None:
    _set(value["spec"], volumeMode="Filesystem")
    _set(value["status"], phase="Pending")


def _priority_class(value: Value) -> None:
    _set(value, preemptionPolicy="PreemptLowerPriority")


_BY_KIND: dict[tuple[str, str], Callable[[Value], None]] = {
    ("", "Namespace"): _namespace,
    ("", "PersistentVolumeClaim"): _volume_claim,
    ("", "Pod"): _pod,
    ("", "Secret"): _secret,
    ("", "Service"): _service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _custom_resource_definition,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "Deployment"): _deployment,
    ("apps", "ReplicaSet"): _replica_set,
    ("apps", "StatefulSet"): _stateful_set,
    ("autoscaling", "HorizontalPodAutoscaler"): _autoscaler,
    ("batch", "CronJob"): _cron_job,
    ("batch", "Job"): _job,
    ("discovery.k8s.io", "EndpointSlice"): _endpoint_slice,
    ("networking.k8s.io", "Ingress"): _ingress,
    ("networking.k8s.io", "NetworkPolicy"): _network_policy,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): _binding,
    ("rbac.authorization.k8s.io", "RoleBinding"): _binding,
    ("scheduling.k8s.io", "PriorityClass"): _priority_class,
}
