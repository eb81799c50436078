"""The columns of every built-in kind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controller.local.apiserver import cells, durations, podcells, schema
from controller.local.apiserver.durations import Value

_META = "v1.ObjectMeta"


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


NAME = Column("Name", cells.at("metadata.name"), f"{_META}.name", form="name")
AGE = Column("Age", durations.age, f"{_META}.creationTimestamp")
CREATED = Column(
    "Created At", cells.at("metadata.creationTimestamp"), f"{_META}.creationTimestamp", kind="date"
)
_TEMPLATE = (
    Column("Containers", cells.containers, "Names of each container in the template.", priority=1),
    Column(
        "Images", cells.images, "Images referenced by each container in the template.", priority=1
    ),
)
_SUBJECTS = (
    Column("Users", cells.subjects("User"), "Users in the binding", priority=1),
    Column("Groups", cells.subjects("Group"), "Groups in the binding", priority=1),
    Column(
        "ServiceAccounts",
        cells.subjects("ServiceAccount"),
        "ServiceAccounts in the binding",
        priority=1,
    ),
)
OF_KIND: dict[str, Sequence[Column]] = {
    "pods": (
        NAME,
        Column(
            "Ready",
            podcells.ready,
            "The aggregate readiness state of this pod for accepting traffic.",
        ),
        Column("Status", podcells.status, "The aggregate status of the containers in this pod."),
        Column(
            "Restarts",
            podcells.restarts,
            "The number of times the containers in this pod have been restarted and when the last"
            " container in this pod has restarted.",
        ),
        AGE,
        Column("IP", cells.at("status.podIP", cells.NONE), "v1.PodStatus.podIP", priority=1),
        Column("Node", cells.at("spec.nodeName", cells.NONE), "v1.PodSpec.nodeName", priority=1),
        Column(
            "Nominated Node",
            cells.at("status.nominatedNodeName", cells.NONE),
            "v1.PodStatus.nominatedNodeName",
            priority=1,
        ),
        Column(
            "Readiness Gates", podcells.readiness_gates, "v1.PodSpec.readinessGates", priority=1
        ),
    ),
    "configmaps": (
        NAME,
        Column("Data", cells.size("data", "binaryData"), "v1.ConfigMap.data"),
        AGE,
    ),
    "secrets": (
        NAME,
        Column("Type", cells.at("type"), "v1.Secret.type"),
        Column("Data", cells.size("data"), "v1.Secret.data"),
        AGE,
    ),
    "serviceaccounts": (
        NAME,
        Column("Secrets", cells.size("secrets"), "v1.ServiceAccount.secrets"),
        AGE,
    ),
    "namespaces": (
        NAME,
        Column("Status", cells.at("status.phase"), "The status of the namespace"),
        AGE,
    ),
    "services": (
        NAME,
        Column("Type", cells.at("spec.type"), "v1.ServiceSpec.type"),
        Column("Cluster-IP", cells.at("spec.clusterIP", cells.NONE), "v1.ServiceSpec.clusterIP"),
        Column("External-IP", cells.external_address, "v1.ServiceSpec.externalIPs"),
        Column("Port(s)", cells.service_ports, "v1.ServiceSpec.ports"),
        AGE,
        Column("Selector", cells.service_selector, "v1.ServiceSpec.selector", priority=1),
    ),
    "deployments.apps": (
        NAME,
        Column("Ready", cells.ready_of("replicas"), "Number of the pod with ready state"),
        Column(
            "Up-to-date",
            cells.at("status.updatedReplicas", 0),
            "v1.DeploymentStatus.updatedReplicas",
        ),
        Column(
            "Available",
            cells.at("status.availableReplicas", 0),
            "v1.DeploymentStatus.availableReplicas",
        ),
        AGE,
        *_TEMPLATE,
        Column("Selector", cells.selector(), "v1.DeploymentSpec.selector", priority=1),
    ),
    "replicasets.apps": (
        NAME,
        Column(
            "Desired", cells.at("spec.replicas", 0), "v1.ReplicaSetSpec.replicas", kind="integer"
        ),
        Column(
            "Current",
            cells.at("status.replicas", 0),
            "v1.ReplicaSetStatus.replicas",
            kind="integer",
        ),
        Column(
            "Ready",
            cells.at("status.readyReplicas", 0),
            "v1.ReplicaSetStatus.readyReplicas",
            kind="integer",
        ),
        AGE,
        *_TEMPLATE,
        Column("Selector", cells.selector(), "v1.ReplicaSetSpec.selector", priority=1),
    ),
    "statefulsets.apps": (
        NAME,
        Column("Ready", cells.ready_of("replicas"), "Number of the pod with ready state"),
        AGE,
        *_TEMPLATE,
    ),
    "jobs.batch": (
        NAME,
        Column("Status", cells.job_status, "Status of the job."),
        Column("Completions", cells.job_completions, "v1.JobStatus.succeeded"),
        Column("Duration", cells.job_duration, "Time required to complete the job."),
        AGE,
        *_TEMPLATE,
        Column("Selector", cells.selector(), "v1.JobSpec.selector", priority=1),
    ),
    "cronjobs.batch": (
        NAME,
        Column("Schedule", cells.at("spec.schedule"), "v1.CronJobSpec.schedule"),
        Column("Timezone", cells.at("spec.timeZone", cells.NONE), "v1.CronJobSpec.timeZone"),
        Column("Suspend", cells.suspended, "v1.CronJobSpec.suspend", kind="boolean"),
        Column(
            "Active",
            lambda value, _: len(value["status"].get("active") or ()),
            "v1.CronJobStatus.active",
            kind="integer",
        ),
        Column("Last Schedule", cells.last_scheduled, "v1.CronJobStatus.lastScheduleTime"),
        AGE,
        *_TEMPLATE,
        Column(
            "Selector",
            cells.selector("spec.jobTemplate.spec.selector"),
            "v1.JobSpec.selector",
            priority=1,
        ),
    ),
    "events": (
        Column("Last Seen", cells.last_seen, "v1.Event.lastTimestamp"),
        Column("Type", cells.at("type"), "v1.Event.type"),
        Column("Reason", cells.at("reason"), "v1.Event.reason"),
        Column("Object", cells.event_object, "v1.Event.involvedObject"),
        Column(
            "Subobject", cells.at("involvedObject.fieldPath"), "v1.Event.involvedObject", priority=1
        ),
        Column("Source", cells.event_source, "v1.Event.source", priority=1),
        Column("Message", cells.at("message"), "v1.Event.message"),
        Column("First Seen", cells.first_seen, "v1.Event.firstTimestamp", priority=1),
        Column("Count", cells.at("count", 1), "v1.Event.count", priority=1),
        Column("Name", cells.at("metadata.name"), f"{_META}.name", priority=1),
    ),
    "ingresses.networking.k8s.io": (
        NAME,
        Column(
            "Class",
            cells.at("spec.ingressClassName", cells.NONE),
            "The name of the IngressClass resource that should be used for additional"
            " configuration",
        ),
        Column(
            "Hosts",
            cells.ingress_hosts,
            "Hosts that incoming requests are matched against before the ingress rule",
        ),
        Column(
            "Address",
            lambda *_: "",  # nothing here carries an Ingress out
            "Address is a list containing ingress points for the load-balancer",
        ),
        Column(
            "Ports",
            cells.ingress_ports,
            "Ports of TLS configurations that open for Ingress routing",
        ),
        AGE,
    ),
    "resourcequotas": (
        NAME,
        Column(
            "Request",
            cells.quota("requests"),
            "Request represents a minimum amount of cpu/memory that a container may consume.",
        ),
        Column(
            "Limit",
            cells.quota("limits"),
            "Limits control the maximum amount of cpu/memory that a container may use independent"
            " of contention on the node.",
        ),
        AGE,
    ),
    "priorityclasses.scheduling.k8s.io": (
        NAME,
        Column("Value", cells.at("value", 0), "v1.PriorityClass.value", kind="integer"),
        Column(
            "Global-Default",
            cells.at("globalDefault", missing=False),
            "v1.PriorityClass.globalDefault",
            kind="boolean",
        ),
        AGE,
        Column(
            "PreemptionPolicy",
            cells.at("preemptionPolicy"),
            "v1.PriorityClass.preemptionPolicy",
        ),
    ),
    "endpointslices.discovery.k8s.io": (
        NAME,
        Column("AddressType", cells.at("addressType"), "v1.EndpointSlice.addressType"),
        Column("Ports", cells.slice_ports, "v1.EndpointSlice.ports"),
        Column("Endpoints", cells.slice_addresses, "v1.EndpointSlice.endpoints"),
        AGE,
    ),
    "leases.coordination.k8s.io": (
        NAME,
        Column("Holder", cells.at("spec.holderIdentity"), "v1.LeaseSpec.holderIdentity"),
        AGE,
    ),
    "networkpolicies.networking.k8s.io": (
        NAME,
        Column(
            "Pod-Selector", cells.selector("spec.podSelector"), "v1.NetworkPolicySpec.podSelector"
        ),
        AGE,
    ),
    "poddisruptionbudgets.policy": (
        NAME,
        Column(
            "Min Available",
            cells.budget("minAvailable"),
            "The minimum number of pods that must be available.",
        ),
        Column(
            "Max Unavailable",
            cells.budget("maxUnavailable"),
            "The maximum number of pods that may be unavailable.",
        ),
        Column(
            "Allowed Disruptions",
            cells.at("status.disruptionsAllowed", 0),
            "Calculated number of pods that may be disrupted at this time.",
            kind="integer",
        ),
        AGE,
    ),
    "horizontalpodautoscalers.autoscaling": (
        NAME,
        Column("Reference", cells.scale_target, "v2.HorizontalPodAutoscalerSpec.scaleTargetRef"),
        Column("Targets", cells.scale_metrics, "v2.HorizontalPodAutoscalerSpec.metrics"),
        Column(
            "MinPods",
            cells.at("spec.minReplicas", "<unset>"),
            "v2.HorizontalPodAutoscalerSpec.minReplicas",
        ),
        Column(
            "MaxPods", cells.at("spec.maxReplicas", 0), "v2.HorizontalPodAutoscalerSpec.maxReplicas"
        ),
        Column(
            "Replicas",
            cells.at("status.currentReplicas", 0),
            "v2.HorizontalPodAutoscalerStatus.currentReplicas",
        ),
        AGE,
    ),
    "rolebindings.rbac.authorization.k8s.io": (
        NAME,
        Column("Role", cells.role, "v1.RoleBinding.roleRef"),
        AGE,
        *_SUBJECTS,
    ),
    "clusterrolebindings.rbac.authorization.k8s.io": (
        NAME,
        Column("Role", cells.role, "v1.ClusterRoleBinding.roleRef"),
        AGE,
        *_SUBJECTS,
    ),
    "nodes": (
        NAME,
        Column("Status", cells.node_status, "The status of the node"),
        Column("Roles", cells.node_roles, "The roles of the node"),
        AGE,
        Column(
            "Version",
            cells.at("status.nodeInfo.kubeletVersion"),
            "v1.NodeSystemInfo.kubeletVersion",
        ),
        Column(
            "Internal-IP", cells.node_address("InternalIP"), "v1.NodeStatus.addresses", priority=1
        ),
        Column(
            "External-IP", cells.node_address("ExternalIP"), "v1.NodeStatus.addresses", priority=1
        ),
        Column(
            "OS-Image",
            cells.at("status.nodeInfo.osImage", durations.UNKNOWN),
            "v1.NodeSystemInfo.osImage",
            priority=1,
        ),
        Column(
            "Kernel-Version",
            cells.at("status.nodeInfo.kernelVersion", durations.UNKNOWN),
            "v1.NodeSystemInfo.kernelVersion",
            priority=1,
        ),
        Column(
            "Container-Runtime",
            cells.at("status.nodeInfo.containerRuntimeVersion", durations.UNKNOWN),
            "v1.NodeSystemInfo.containerRuntimeVersion",
            priority=1,
        ),
    ),
}
