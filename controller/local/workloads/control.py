"""Connects each controller with the objects it looks after and with what changes under them."""

from collections.abc import Callable

from controller.local.workloads import autoscalers, cronjobs, disruption, endpoints
from controller.local.workloads.autoscalers import Autoscalers, CpuSeconds
from controller.local.workloads.cluster import Cluster
from controller.local.workloads.cronjobs import Clock, CronJobs
from controller.local.workloads.deployments.controller import Deployments
from controller.local.workloads.disruption import Budgets
from controller.local.workloads.endpoints import EndpointSlices
from controller.local.workloads.informers import controller_of, key_of
from controller.local.workloads.jobs import controller as jobs
from controller.local.workloads.jobs.controller import Jobs
from controller.local.workloads.queue import Queue, Visit
from controller.local.workloads.replicasets import ReplicaSets
from controller.local.workloads.statefulsets import StatefulSets
from controller.objects import Manifest

_QUIET_S = 0.08


def start(cluster: Cluster, cpu_seconds: CpuSeconds, clock: Clock) -> list[Queue]:
    """Start all controllers, on what exists and on every change from now on.

    Args:
        cluster: what they look after.
        cpu_seconds: what pods have used, for autoscalers.
        clock: what schedules go by.
    """
    return [
        _deployments(cluster),
        _owner(cluster, "replicasets.apps", ReplicaSets(cluster).visit, "pods"),
        _owner(cluster, "statefulsets.apps", StatefulSets(cluster).visit, "pods"),
        *_jobs(cluster),
        _owner(cluster, cronjobs.RESOURCE, CronJobs(cluster, clock).visit, "jobs.batch"),
        _endpoint_slices(cluster),
        _budgets(cluster),
        _autoscalers(cluster, cpu_seconds),
    ]


def _deployments(cluster: Cluster) -> Queue:
    """A Deployment whose spec changes again and again is rolled out when that has stopped.

    `kubectl apply` and then `kubectl scale` make one rollout; the real controller takes about as
    long to notice a change.
    """
    queue = Queue("deployments.apps", Deployments(cluster).visit)

    def changed(before: Manifest | None, now: Manifest | None) -> None:
        if now is not None and (before is None or _generation(before) != _generation(now)):
            queue.settle(key_of(now), _QUIET_S)

    # Before the queue hears of the change, so that it finds the key settling.
    cluster["deployments.apps"].subscribe(changed)
    _feed(cluster, queue, "deployments.apps", "replicasets.apps")
    return queue


def _generation(manifest: Manifest) -> int:
    return int(manifest["metadata"]["generation"])


def _owner(cluster: Cluster, resource: str, visit: Visit, owned: str) -> Queue:
    queue = Queue(resource, visit)
    _feed(cluster, queue, resource, owned)
    return queue


def _jobs(cluster: Cluster) -> list[Queue]:
    controller = Jobs(cluster)
    orphans = Queue("pods of jobs", controller.release)

    def on_pod(pod: Manifest) -> None:
        owner = controller_of(pod)
        if owner and owner["kind"] == "Job" and jobs.is_tracked(pod):
            known = cluster["jobs.batch"].get((pod["metadata"]["namespace"], owner["name"]))
            if known is None or known["metadata"]["uid"] != owner["uid"]:
                orphans.add(key_of(pod))

    def on_job(before: Manifest | None, now: Manifest | None) -> None:
        if before is not None and now is None:
            for pod in cluster["pods"].owned_by(before["metadata"]["uid"]):
                on_pod(pod)

    _follow(cluster, "pods", on_pod)
    cluster["jobs.batch"].subscribe(on_job)
    return [_owner(cluster, "jobs.batch", controller.visit, "pods"), orphans]


def _feed(cluster: Cluster, queue: Queue, resource: str, owned: str) -> None:
    """Have objects visited when they change, and when what they own changes."""

    def on_owned(each: Manifest) -> None:
        owner = controller_of(each)
        key = (each["metadata"]["namespace"], owner["name"]) if owner else None
        known = cluster[resource].get(key) if key else None
        if key and owner and known and known["metadata"]["uid"] == owner["uid"]:
            queue.add(key)

    _follow(cluster, resource, lambda each: queue.add(key_of(each)))
    _follow(cluster, owned, on_owned)


def _endpoint_slices(cluster: Cluster) -> Queue:
    controller = EndpointSlices(cluster)
    queue = Queue("endpointslices", controller.visit)

    def on_pod(pod: Manifest) -> None:
        for key in controller.services_of(pod):
            queue.add(key)

    def on_slice(each: Manifest) -> None:
        if key := endpoints.service_of(each):
            queue.add(key)

    _follow(cluster, "services", lambda each: queue.add(key_of(each)))
    _follow(cluster, "pods", on_pod)
    _follow(cluster, "endpointslices.discovery.k8s.io", on_slice)
    return queue


def _budgets(cluster: Cluster) -> Queue:
    controller = Budgets(cluster)
    queue = Queue(disruption.RESOURCE, controller.visit)

    def on_pod(pod: Manifest) -> None:
        for key in controller.budgets_of(pod):
            queue.add(key)

    _follow(cluster, disruption.RESOURCE, lambda each: queue.add(key_of(each)))
    _follow(cluster, "pods", on_pod)
    return queue


def _autoscalers(cluster: Cluster, cpu_seconds: CpuSeconds) -> Queue:
    queue = Queue(autoscalers.RESOURCE, Autoscalers(cluster, cpu_seconds).visit)

    def changed(before: Manifest | None, now: Manifest | None) -> None:
        if now is not None and (before is None or before["spec"] != now["spec"]):
            queue.add(key_of(now))

    informer = cluster[autoscalers.RESOURCE]
    informer.subscribe(changed)
    for each in informer.objects():
        changed(None, each)
    return queue


def _follow(cluster: Cluster, resource: str, call: Callable[[Manifest], None]) -> None:
    """Call for each object that exists, and for its states before and after every change."""

    def changed(before: Manifest | None, now: Manifest | None) -> None:
        for each in (before, now):
            if each is not None:
                call(each)

    informer = cluster[resource]
    informer.subscribe(changed)
    for each in informer.objects():
        call(each)
