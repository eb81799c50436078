"""Connects each controller with the objects it looks after and with what changes under them."""

from collections.abc import Callable

from controller.local.workloads import endpoints
from controller.local.workloads.cluster import Cluster
from controller.local.workloads.deployments.controller import Deployments
from controller.local.workloads.endpoints import EndpointSlices
from controller.local.workloads.informers import controller_of, key_of
from controller.local.workloads.jobs import Jobs
from controller.local.workloads.queue import Queue, Visit
from controller.local.workloads.replicasets import ReplicaSets
from controller.local.workloads.statefulsets import StatefulSets
from controller.objects import Manifest


def start(cluster: Cluster) -> list[Queue]:
    """Start all controllers, on what exists and on every change from now on."""
    return [
        _owner(cluster, "deployments.apps", Deployments(cluster).visit, "replicasets.apps"),
        _owner(cluster, "replicasets.apps", ReplicaSets(cluster).visit, "pods"),
        _owner(cluster, "statefulsets.apps", StatefulSets(cluster).visit, "pods"),
        _owner(cluster, "jobs.batch", Jobs(cluster).visit, "pods"),
        _endpoint_slices(cluster),
    ]


def _owner(cluster: Cluster, resource: str, visit: Visit, owned: str) -> Queue:
    """A controller that visits its objects when they change, and when what they own changes."""
    queue = Queue(resource, visit)

    def on_owned(each: Manifest) -> None:
        owner = controller_of(each)
        key = (each["metadata"]["namespace"], owner["name"]) if owner else None
        known = cluster[resource].get(key) if key else None
        if key and owner and known and known["metadata"]["uid"] == owner["uid"]:
            queue.add(key)

    _follow(cluster, resource, lambda each: queue.add(key_of(each)))
    _follow(cluster, owned, on_owned)
    return queue


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
