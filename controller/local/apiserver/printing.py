"""Objects as table rows, the form in which `kubectl get` asks for them.

The columns are those of k8s.io/kubernetes `pkg/printers/internalversion`; for custom resources
their definition names them. A column's description is mostly that of the field it shows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from controller.local.apiserver import jsonpath, schema
from controller.local.apiserver.resources import Resource

Value: TypeAlias = Mapping[str, Any]
_META = "v1.ObjectMeta"
_NONE, _UNKNOWN = "<none>", "<unknown>"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: title, type, what it says of an object, and how it is described."""

    name: str
    cell: Callable[[Value, datetime], Any]
    described: str = ""
    """The field whose description is the column's (`v1.Kind.field`), or the description itself."""
    kind: str = "string"
    priority: int = 0
    form: str = ""

    def definition(self) -> dict[str, Any]:
        """Give the column as a table declares it."""
        known = schema.published().descriptions
        return {
            "name": self.name,
            "type": self.kind,
            "format": self.form,
            "description": known.get(self.described, self.described),
            "priority": self.priority,
        }


def envelope(kind: str) -> dict[str, Any]:
    """Give kind and apiVersion of the meta API's own objects."""
    return {"kind": kind, "apiVersion": "meta.k8s.io/v1"}


def metadata_only(value: Value) -> dict[str, Any]:
    """Give an object without everything but its metadata."""
    return {**envelope("PartialObjectMetadata"), "metadata": value["metadata"]}


def table(
    resource: Resource,
    values: Sequence[Value],
    metadata: Value,
    include: str,
    now: datetime,
) -> dict[str, Any]:
    """Give objects as a table; `include` says how much of each object goes along."""
    columns = columns_of(resource)
    rows = []
    for value in values:
        row: dict[str, Any] = {"cells": [column.cell(value, now) for column in columns]}
        if include == "Object":
            row["object"] = value
        elif include != "None":
            row["object"] = metadata_only(value)
        rows.append(row)
    return {
        **envelope("Table"),
        "metadata": metadata,
        "columnDefinitions": [column.definition() for column in columns],
        "rows": rows,
    }


def columns_of(resource: Resource) -> Sequence[Column]:
    """Give the columns of a resource's table."""
    if resource.custom is not None:
        return _custom_columns(resource.custom)
    return _COLUMNS.get(resource.storage_key, (_NAME, _CREATED))


def described_fields() -> set[str]:
    """Give the fields whose descriptions stand in tables, for the script that collects them."""
    every = [column for columns in _COLUMNS.values() for column in columns]
    return {column.described for column in (*every, _CREATED) if column.described.startswith("v")}


# Cells


def age(value: Value, now: datetime) -> str:
    """Tell how long ago an object was created."""
    return since(value["metadata"].get("creationTimestamp"), now)


def since(text: str | None, now: datetime) -> str:
    """Tell how long ago a moment was, as k8s.io/apimachinery `util/duration` does."""
    if not text:
        return _UNKNOWN
    return duration((now - datetime.fromisoformat(text).astimezone(UTC)).total_seconds())


_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400
# Below so many seconds: the unit and its size, the smaller unit and its size (none if zero).
_UNITS = (
    (2 * _MINUTE, "s", 1, "", 0),
    (10 * _MINUTE, "m", _MINUTE, "s", 1),
    (3 * _HOUR, "m", _MINUTE, "", 0),
    (8 * _HOUR, "h", _HOUR, "m", _MINUTE),
    (2 * _DAY, "h", _HOUR, "", 0),
    (8 * _DAY, "d", _DAY, "h", _HOUR),
    (2 * _YEAR, "d", _DAY, "", 0),
    (8 * _YEAR, "y", _YEAR, "d", _DAY),
)


def duration(length_s: float) -> str:
    """Write a duration in at most two units, the coarser the longer."""
    seconds = int(length_s)
    if seconds < -1:
        return "<invalid>"
    if seconds <= 0:
        return "0s"
    for below, unit, size, small_unit, small in _UNITS:
        if seconds < below:
            return _two(seconds // size, unit, seconds % size // small if small else 0, small_unit)
    return f"{seconds // _YEAR}y"


def _two(large: int, unit: str, small: int, small_unit: str) -> str:
    return f"{large}{unit}{small}{small_unit}" if small else f"{large}{unit}"


def _at(path: str, missing: Any = "") -> Callable[[Value, datetime], Any]:
    names = path.split(".")

    def cell(value: Value, _: datetime) -> Any:
        found: Any = value
        for name in names:
            found = found.get(name) if isinstance(found, Mapping) else None
        return missing if found is None else found

    return cell


def _size(*names: str) -> Callable[[Value, datetime], Any]:
    return lambda value, _: sum(len(value.get(name) or ()) for name in names)


def _template(value: Value) -> Value:
    found: Value = value["spec"].get("template", {}).get("spec", {})
    return found


def _containers(value: Value, _: datetime) -> str:
    return ",".join(c["name"] for c in _template(value).get("containers") or ())


def _images(value: Value, _: datetime) -> str:
    return ",".join(c.get("image", "") for c in _template(value).get("containers") or ())


def format_selector(selector: Value | None) -> str:
    """Write a label selector as one line."""
    if not selector:
        return _NONE
    parts = [f"{name}={text}" for name, text in sorted(selector.get("matchLabels", {}).items())]
    for expression in selector.get("matchExpressions", ()):
        key, values = expression["key"], ",".join(sorted(expression.get("values", ())))
        match expression["operator"]:
            case "Exists":
                parts.append(key)
            case "DoesNotExist":
                parts.append(f"!{key}")
            case operator:
                parts.append(f"{key} {operator.lower()} ({values})")
    return ",".join(parts) or _NONE


def _selector(path: str = "spec.selector") -> Callable[[Value, datetime], str]:
    at = _at(path, None)
    return lambda value, now: format_selector(at(value, now))


def _pod_counts(value: Value) -> tuple[int, int, int]:
    statuses = value.get("status", {}).get("containerStatuses", ())
    ready = sum(bool(s.get("ready")) for s in statuses)
    sidecars = [
        c for c in value["spec"].get("initContainers", ()) if c.get("restartPolicy") == "Always"
    ]
    restarts = sum(s.get("restartCount", 0) for s in statuses)
    return ready, len(value["spec"].get("containers") or ()) + len(sidecars), restarts


def _pod_ready(value: Value, _: datetime) -> str:
    ready, total, _restarts = _pod_counts(value)
    return f"{ready}/{total}"


def _pod_restarts(value: Value, now: datetime) -> str:
    _ready, _total, restarts = _pod_counts(value)
    ends = [
        s.get("lastState", {}).get("terminated", {}).get("finishedAt")
        for s in value.get("status", {}).get("containerStatuses", ())
    ]
    latest = max((end for end in ends if end), default=None)
    return f"{restarts} ({since(latest, now)} ago)" if restarts and latest else str(restarts)


def pod_status(value: Value, _: datetime) -> str:
    """Tell a pod's state in one word, as `printPod` does."""
    status = value.get("status", {})
    reason = status.get("reason") or status.get("phase", "")
    initializing, text = _init_reason(value)
    reason = text if initializing else _container_reason(status, reason)
    if "deletionTimestamp" in value["metadata"]:
        if status.get("reason") == "NodeLost":
            return _UNKNOWN
        if status.get("phase") not in {"Succeeded", "Failed"}:
            return "Terminating"
    return str(reason)


def _init_reason(value: Value) -> tuple[bool, str]:
    statuses = value.get("status", {}).get("initContainerStatuses", ())
    total = len(value["spec"].get("initContainers", ()))
    for at, status in enumerate(statuses):
        state = status.get("state", {})
        ended, waiting = state.get("terminated"), state.get("waiting", {})
        if ended is not None and ended.get("exitCode") == 0:
            continue
        if status.get("started") and status.get("ready"):
            continue
        if ended is not None:
            return True, f"Init:{ended.get('reason') or _exit_reason(ended)}"
        if waiting.get("reason") not in {None, "", "PodInitializing"}:
            return True, f"Init:{waiting['reason']}"
        return True, f"Init:{at}/{total}"
    return False, ""


def _exit_reason(ended: Value) -> str:
    if ended.get("signal"):
        return f"Signal:{ended['signal']}"
    return f"ExitCode:{ended.get('exitCode', 0)}"


def _container_reason(status: Value, reason: str) -> str:
    has_running = False
    for one in reversed(status.get("containerStatuses", ())):
        state = one.get("state", {})
        if state.get("waiting", {}).get("reason"):
            reason = state["waiting"]["reason"]
        elif "terminated" in state:
            reason = state["terminated"].get("reason") or _exit_reason(state["terminated"])
        elif one.get("ready") and "running" in state:
            has_running = True
    if reason == "Completed" and has_running:
        conditions = {c["type"]: c["status"] for c in status.get("conditions", ())}
        return "Running" if conditions.get("Ready") == "True" else "NotReady"
    return reason


def _readiness_gates(value: Value, _: datetime) -> str:
    gates = value["spec"].get("readinessGates", ())
    if not gates:
        return _NONE
    met = {c["type"] for c in value["status"].get("conditions", ()) if c["status"] == "True"}
    return f"{sum(g['conditionType'] in met for g in gates)}/{len(gates)}"


def _ready_of(wanted: str) -> Callable[[Value, datetime], str]:
    def cell(value: Value, _: datetime) -> str:
        ready = value.get("status", {}).get("readyReplicas", 0)
        return f"{ready}/{value['spec'].get(wanted, 0)}"

    return cell


def _job_status(value: Value, _: datetime) -> str:
    for condition in value["status"].get("conditions", ()):
        if condition["status"] == "True" and condition["type"] in {
            "Complete",
            "Failed",
            "Suspended",
        }:
            return str(condition["type"])
    if "deletionTimestamp" in value["metadata"]:
        return "Terminating"
    return "Suspended" if value["spec"].get("suspend") else "Running"


def _job_completions(value: Value, _: datetime) -> str:
    done, spec = value["status"].get("succeeded", 0), value["spec"]
    if spec.get("completions") is not None:
        return f"{done}/{spec['completions']}"
    parallel = spec.get("parallelism", 0)
    return f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"


def _job_duration(value: Value, now: datetime) -> str:
    begun, ended = value["status"].get("startTime"), value["status"].get("completionTime")
    if not begun:
        return ""
    return since(begun, datetime.fromisoformat(ended).astimezone(UTC) if ended else now)


def _service_ports(value: Value, _: datetime) -> str:
    parts = []
    for port in value["spec"].get("ports", ()):
        outer = f":{port['nodePort']}" if port.get("nodePort") else ""
        parts.append(f"{port['port']}{outer}/{port.get('protocol', 'TCP')}")
    return ",".join(parts) or _NONE


def _external_address(value: Value, _: datetime) -> str:
    spec = value["spec"]
    match spec.get("type"):
        case "LoadBalancer":
            given = value["status"].get("loadBalancer", {}).get("ingress", ())
            return ",".join(i.get("ip") or i.get("hostname", "") for i in given) or "<pending>"
        case "ExternalName":
            return str(spec.get("externalName", ""))
        case _:
            return ",".join(spec.get("externalIPs", ())) or _NONE


def _service_selector(value: Value, _: datetime) -> str:
    return format_selector({"matchLabels": value["spec"].get("selector", {})})


def _last_seen(value: Value, now: datetime) -> str:
    series = value.get("series") or {}
    moment = series.get("lastObservedTime") or value.get("lastTimestamp") or value.get("eventTime")
    return since(moment or value["metadata"].get("creationTimestamp"), now)


def _first_seen(value: Value, now: datetime) -> str:
    return since(value.get("firstTimestamp") or value.get("eventTime"), now)


def _event_object(value: Value, _: datetime) -> str:
    involved = value.get("involvedObject", {})
    return f"{involved.get('kind', '').lower()}/{involved.get('name', '')}"


def _event_source(value: Value, _: datetime) -> str:
    source = value.get("source") or {}
    parts = [source.get("component") or value.get("reportingComponent", ""), source.get("host", "")]
    return ", ".join(part for part in parts if part)


def _slice_ports(value: Value, _: datetime) -> str:
    ports = [str(port.get("port", "*")) for port in value.get("ports") or ()]
    return _shortened(ports) or "<unset>"


def _slice_addresses(value: Value, _: datetime) -> str:
    found = [address for e in value.get("endpoints") or () for address in e.get("addresses", ())]
    return _shortened(found) or "<unset>"


def _shortened(items: list[str]) -> str:
    text = ",".join(items[:3])
    return f"{text} + {len(items) - 3} more..." if len(items) > 3 else text


def _budget(name: str) -> Callable[[Value, datetime], str]:
    return lambda value, _: str(value["spec"].get(name, "N/A"))


def _scale_target(value: Value, _: datetime) -> str:
    target = value["spec"]["scaleTargetRef"]
    return f"{target.get('kind', '')}/{target.get('name', '')}"


def _scale_metrics(value: Value, _: datetime) -> str:
    parts = []
    for metric in value["spec"].get("metrics", ()):
        target = metric.get("resource", {}).get("target", {})
        if "averageUtilization" in target:
            name = metric["resource"].get("name", "")
            parts.append(f"{name}: {_UNKNOWN}/{target['averageUtilization']}%")
    return ", ".join(parts) or _NONE


def _role(value: Value, _: datetime) -> str:
    reference = value["roleRef"]
    return f"{reference['kind']}/{reference['name']}"


def _subjects(kind: str) -> Callable[[Value, datetime], str]:
    def cell(value: Value, _: datetime) -> str:
        found = [s for s in value.get("subjects", ()) if s.get("kind") == kind]
        place = kind == "ServiceAccount"
        return ", ".join(
            f"{s.get('namespace', '')}/{s['name']}" if place else s["name"] for s in found
        )

    return cell


def _node_status(value: Value, _: datetime) -> str:
    conditions = {c["type"]: c["status"] for c in value["status"].get("conditions", ())}
    state = {"True": "Ready", None: "Unknown"}.get(conditions.get("Ready"), "NotReady")
    return f"{state},SchedulingDisabled" if value["spec"].get("unschedulable") else state


def _node_roles(value: Value, _: datetime) -> str:
    prefix = "node-role.kubernetes.io/"
    found = [
        n.removeprefix(prefix) for n in value["metadata"].get("labels", {}) if n.startswith(prefix)
    ]
    return ",".join(sorted(found)) or _NONE


def _node_address(kind: str) -> Callable[[Value, datetime], str]:
    def cell(value: Value, _: datetime) -> str:
        listed = value["status"].get("addresses", ())
        return next((a["address"] for a in listed if a["type"] == kind), _NONE)

    return cell


def _custom_columns(version: Value) -> Sequence[Column]:
    declared = version.get("additionalPrinterColumns")
    if not declared:
        return (_NAME, _AGE)
    return (_NAME, *(_custom_column(column) for column in declared))


def _custom_column(column: Value) -> Column:
    path, kind = column["jsonPath"], column["type"]

    def cell(value: Value, now: datetime) -> Any:
        found = jsonpath.find(value, path)
        if not found:
            return None
        if kind == "date":
            return since(str(found[0]), now)
        if kind == "string":
            return (
                jsonpath.text(found[0]) if len(found) == 1 else ",".join(map(jsonpath.text, found))
            )
        return found[0]

    return Column(
        column["name"],
        cell,
        column.get("description")
        or f"Custom resource definition column (in JSONPath format): {path}",
        kind=kind,
        priority=column.get("priority", 0),
        form=column.get("format", ""),
    )


_NAME = Column("Name", _at("metadata.name"), f"{_META}.name", form="name")
_AGE = Column("Age", age, f"{_META}.creationTimestamp")
_CREATED = Column(
    "Created At", _at("metadata.creationTimestamp"), f"{_META}.creationTimestamp", kind="date"
)
_TEMPLATE = (
    Column("Containers", _containers, "Names of each container in the template.", priority=1),
    Column("Images", _images, "Images referenced by each container in the template.", priority=1),
)
_SUBJECTS = (
    Column("Users", _subjects("User"), "Users in the binding", priority=1),
    Column("Groups", _subjects("Group"), "Groups in the binding", priority=1),
    Column(
        "ServiceAccounts", _subjects("ServiceAccount"), "ServiceAccounts in the binding", priority=1
    ),
)

_COLUMNS: dict[str, Sequence[Column]] = {
    "pods": (
        _NAME,
        Column(
            "Ready", _pod_ready, "The aggregate readiness state of this pod for accepting traffic."
        ),
        Column("Status", pod_status, "The aggregate status of the containers in this pod."),
        Column(
            "Restarts",
            _pod_restarts,
            "The number of times the containers in this pod have been restarted and when the last"
            " container in this pod has restarted.",
        ),
        _AGE,
        Column("IP", _at("status.podIP", _NONE), "v1.PodStatus.podIP", priority=1),
        Column("Node", _at("spec.nodeName", _NONE), "v1.PodSpec.nodeName", priority=1),
        Column(
            "Nominated Node",
            _at("status.nominatedNodeName", _NONE),
            "v1.PodStatus.nominatedNodeName",
            priority=1,
        ),
        Column("Readiness Gates", _readiness_gates, "v1.PodSpec.readinessGates", priority=1),
    ),
    "configmaps": (_NAME, Column("Data", _size("data", "binaryData"), "v1.ConfigMap.data"), _AGE),
    "secrets": (
        _NAME,
        Column("Type", _at("type"), "v1.Secret.type"),
        Column("Data", _size("data"), "v1.Secret.data"),
        _AGE,
    ),
    "serviceaccounts": (
        _NAME,
        Column("Secrets", _size("secrets"), "v1.ServiceAccount.secrets"),
        _AGE,
    ),
    "namespaces": (
        _NAME,
        Column("Status", _at("status.phase"), "The status of the namespace"),
        _AGE,
    ),
    "services": (
        _NAME,
        Column("Type", _at("spec.type"), "v1.ServiceSpec.type"),
        Column("Cluster-IP", _at("spec.clusterIP", _NONE), "v1.ServiceSpec.clusterIP"),
        Column("External-IP", _external_address, "v1.ServiceSpec.externalIPs"),
        Column("Port(s)", _service_ports, "v1.ServiceSpec.ports"),
        _AGE,
        Column("Selector", _service_selector, "v1.ServiceSpec.selector", priority=1),
    ),
    "deployments.apps": (
        _NAME,
        Column("Ready", _ready_of("replicas"), "Number of the pod with ready state"),
        Column(
            "Up-to-date", _at("status.updatedReplicas", 0), "v1.DeploymentStatus.updatedReplicas"
        ),
        Column(
            "Available", _at("status.availableReplicas", 0), "v1.DeploymentStatus.availableReplicas"
        ),
        _AGE,
        *_TEMPLATE,
        Column("Selector", _selector(), "v1.DeploymentSpec.selector", priority=1),
    ),
    "replicasets.apps": (
        _NAME,
        Column("Desired", _at("spec.replicas", 0), "v1.ReplicaSetSpec.replicas", kind="integer"),
        Column(
            "Current", _at("status.replicas", 0), "v1.ReplicaSetStatus.replicas", kind="integer"
        ),
        Column(
            "Ready",
            _at("status.readyReplicas", 0),
            "v1.ReplicaSetStatus.readyReplicas",
            kind="integer",
        ),
        _AGE,
        *_TEMPLATE,
        Column("Selector", _selector(), "v1.ReplicaSetSpec.selector", priority=1),
    ),
    "statefulsets.apps": (
        _NAME,
        Column("Ready", _ready_of("replicas"), "Number of the pod with ready state"),
        _AGE,
        *_TEMPLATE,
    ),
    "jobs.batch": (
        _NAME,
        Column("Status", _job_status, "Status of the job."),
        Column("Completions", _job_completions, "v1.JobStatus.succeeded"),
        Column("Duration", _job_duration, "Time required to complete the job."),
        _AGE,
        *_TEMPLATE,
        Column("Selector", _selector(), "v1.JobSpec.selector", priority=1),
    ),
    "events": (
        Column("Last Seen", _last_seen, "v1.Event.lastTimestamp"),
        Column("Type", _at("type"), "v1.Event.type"),
        Column("Reason", _at("reason"), "v1.Event.reason"),
        Column("Object", _event_object, "v1.Event.involvedObject"),
        Column("Subobject", _at("involvedObject.fieldPath"), "v1.Event.involvedObject", priority=1),
        Column("Source", _event_source, "v1.Event.source", priority=1),
        Column("Message", _at("message"), "v1.Event.message"),
        Column("First Seen", _first_seen, "v1.Event.firstTimestamp", priority=1),
        Column("Count", _at("count", 1), "v1.Event.count", priority=1),
        Column("Name", _at("metadata.name"), f"{_META}.name", priority=1),
    ),
    "endpointslices.discovery.k8s.io": (
        _NAME,
        Column("AddressType", _at("addressType"), "v1.EndpointSlice.addressType"),
        Column("Ports", _slice_ports, "v1.EndpointSlice.ports"),
        Column("Endpoints", _slice_addresses, "v1.EndpointSlice.endpoints"),
        _AGE,
    ),
    "leases.coordination.k8s.io": (
        _NAME,
        Column("Holder", _at("spec.holderIdentity"), "v1.LeaseSpec.holderIdentity"),
        _AGE,
    ),
    "networkpolicies.networking.k8s.io": (
        _NAME,
        Column("Pod-Selector", _selector("spec.podSelector"), "v1.NetworkPolicySpec.podSelector"),
        _AGE,
    ),
    "poddisruptionbudgets.policy": (
        _NAME,
        Column(
            "Min Available",
            _budget("minAvailable"),
            "The minimum number of pods that must be available.",
        ),
        Column(
            "Max Unavailable",
            _budget("maxUnavailable"),
            "The maximum number of pods that may be unavailable.",
        ),
        Column(
            "Allowed Disruptions",
            _at("status.disruptionsAllowed", 0),
            "Calculated number of pods that may be disrupted at this time.",
            kind="integer",
        ),
        _AGE,
    ),
    "horizontalpodautoscalers.autoscaling": (
        _NAME,
        Column("Reference", _scale_target, "v2.HorizontalPodAutoscalerSpec.scaleTargetRef"),
        Column("Targets", _scale_metrics, "v2.HorizontalPodAutoscalerSpec.metrics"),
        Column(
            "MinPods",
            _at("spec.minReplicas", "<unset>"),
            "v2.HorizontalPodAutoscalerSpec.minReplicas",
        ),
        Column("MaxPods", _at("spec.maxReplicas", 0), "v2.HorizontalPodAutoscalerSpec.maxReplicas"),
        Column(
            "Replicas",
            _at("status.currentReplicas", 0),
            "v2.HorizontalPodAutoscalerStatus.currentReplicas",
        ),
        _AGE,
    ),
    "rolebindings.rbac.authorization.k8s.io": (
        _NAME,
        Column("Role", _role, "v1.RoleBinding.roleRef"),
        _AGE,
        *_SUBJECTS,
    ),
    "clusterrolebindings.rbac.authorization.k8s.io": (
        _NAME,
        Column("Role", _role, "v1.ClusterRoleBinding.roleRef"),
        _AGE,
        *_SUBJECTS,
    ),
    "nodes": (
        _NAME,
        Column("Status", _node_status, "The status of the node"),
        Column("Roles", _node_roles, "The roles of the node"),
        _AGE,
        Column(
            "Version", _at("status.nodeInfo.kubeletVersion"), "v1.NodeSystemInfo.kubeletVersion"
        ),
        Column("Internal-IP", _node_address("InternalIP"), "v1.NodeStatus.addresses", priority=1),
        Column("External-IP", _node_address("ExternalIP"), "v1.NodeStatus.addresses", priority=1),
        Column(
            "OS-Image",
            _at("status.nodeInfo.osImage", _UNKNOWN),
            "v1.NodeSystemInfo.osImage",
            priority=1,
        ),
        Column(
            "Kernel-Version",
            _at("status.nodeInfo.kernelVersion", _UNKNOWN),
            "v1.NodeSystemInfo.kernelVersion",
            priority=1,
        ),
        Column(
            "Container-Runtime",
            _at("status.nodeInfo.containerRuntimeVersion", _UNKNOWN),
            "v1.NodeSystemInfo.containerRuntimeVersion",
            priority=1,
        ),
    ),
}
