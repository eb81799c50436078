"""EndpointSlices: which pods a service leads to, and on which ports.

Pods with the same ports share a slice; named target ports, and ports that the kubelet had to map,
may differ from pod to pod. Restates `pkg/controller/endpointslice` of Kubernetes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from controller.local.workloads import pods, templates
from controller.local.workloads.cluster import Cluster, owner_reference
from controller.local.workloads.informers import Key, controller_of
from controller.local.workloads.kubelet.states import NODE
from controller.objects import Manifest

SERVICE_NAME = "kubernetes.io/service-name"
_SLICES = "endpointslices.discovery.k8s.io"
_MANAGED_BY = {"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}
Ports = tuple[tuple[str, int, str, str], ...]
"""Name, number, protocol and application protocol of each port."""


class EndpointSlices:
    """The controller; its keys are services."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def services_of(self, pod: Manifest) -> list[Key]:
        """List the services that select a pod."""
        namespace = pod["metadata"]["namespace"]
        labels = pod["metadata"].get("labels") or {}
        return [
            (namespace, service["metadata"]["name"])
            for service in self._cluster["services"].objects(namespace)
            if _selects(service, labels)
        ]

    async def visit(self, key: Key) -> None:
        """Bring one service's slices up to date."""
        service = self._cluster["services"].get(key)
        if service is None or not service["spec"].get("selector"):
            return
        wanted = self._groups(service)
        known = {
            _ports_of(each): each
            for each in self._cluster[_SLICES].owned_by(service["metadata"]["uid"])
        }
        for ports, each in known.items():
            if ports not in wanted:
                await self._cluster.delete(_SLICES, each)
        for ports, endpoints in wanted.items():
            await self._write(service, ports, endpoints, known.get(ports))

    def _groups(self, service: Manifest) -> dict[Ports, list[dict[str, Any]]]:
        groups: dict[Ports, list[dict[str, Any]]] = {}
        namespace = service["metadata"]["namespace"]
        for pod in self._cluster["pods"].objects(namespace):
            labels = pod["metadata"].get("labels") or {}
            if _selects(service, labels) and _is_reachable(pod):
                groups.setdefault(_ports(service, pod), []).append(_endpoint(service, pod))
        # A service without pods has one empty slice, as in Kubernetes.
        return groups or {(): []}

    async def _write(
        self,
        service: Manifest,
        ports: Ports,
        endpoints: Sequence[Mapping[str, Any]],
        known: Manifest | None,
    ) -> None:
        content = {
            "endpoints": sorted(endpoints, key=lambda each: str(each["targetRef"]["name"])),
            "ports": [_port(each) for each in ports],
        }
        if known is None:
            await self._cluster.create(_SLICES, {**_slice(service), **content})
        elif any(known.get(name) != value for name, value in content.items()):
            await self._cluster.update(_SLICES, {**known, **content})


def service_of(endpoint_slice: Manifest) -> Key | None:
    """Give the service whose controller owns the slice."""
    owner = controller_of(endpoint_slice)
    if owner is None or owner["kind"] != "Service":
        return None
    return endpoint_slice["metadata"]["namespace"], owner["name"]


def _slice(service: Manifest) -> dict[str, Any]:
    name = service["metadata"]["name"]
    labels = {**(service["metadata"].get("labels") or {}), **_MANAGED_BY, SERVICE_NAME: name}
    if service["spec"].get("clusterIP") == "None":
        labels["service.kubernetes.io/headless"] = ""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{name}-{templates.suffix()}",
            "namespace": service["metadata"]["namespace"],
            "labels": labels,
            "ownerReferences": [owner_reference(service)],
        },
        "addressType": "IPv4",
    }


def _endpoint(service: Manifest, pod: Manifest) -> dict[str, Any]:
    is_serving = pods.is_ready(pod) or bool(service["spec"].get("publishNotReadyAddresses"))
    is_terminating = pods.is_terminating(pod)
    endpoint: dict[str, Any] = {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {
            "ready": is_serving and not is_terminating,
            "serving": is_serving,
            "terminating": is_terminating,
        },
        "targetRef": {
            "kind": "Pod",
            "namespace": pod["metadata"]["namespace"],
            "name": pod["metadata"]["name"],
            "uid": pod["metadata"]["uid"],
        },
        "nodeName": pod["spec"].get("nodeName", NODE),
    }
    if pod["spec"].get("hostname") and pod["spec"].get("subdomain") == service["metadata"]["name"]:
        endpoint["hostname"] = pod["spec"]["hostname"]
    return endpoint


def _ports(service: Manifest, pod: Manifest) -> Ports:
    found = []
    for port in service["spec"].get("ports") or ():
        number = _target(port, pod)
        if number is not None:
            protocol, application = port.get("protocol", "TCP"), port.get("appProtocol", "")
            found.append((port.get("name", ""), pods.real_port(pod, number), protocol, application))
    return tuple(found)


def _target(port: Mapping[str, Any], pod: Manifest) -> int | None:
    target = port.get("targetPort") or port["port"]
    if isinstance(target, int):
        return target
    declared = (p for each in pod["spec"]["containers"] for p in each.get("ports") or ())
    return next((p["containerPort"] for p in declared if p.get("name") == target), None)


def _port(port: tuple[str, int, str, str]) -> dict[str, Any]:
    name, number, protocol, application = port
    shown: dict[str, Any] = {"name": name, "port": number, "protocol": protocol}
    return {**shown, "appProtocol": application} if application else shown


def _ports_of(endpoint_slice: Manifest) -> Ports:
    return tuple(
        (p.get("name", ""), p["port"], p.get("protocol", "TCP"), p.get("appProtocol", ""))
        for p in endpoint_slice.get("ports") or ()
    )


def _selects(service: Manifest, labels: Mapping[str, str]) -> bool:
    selector = service["spec"].get("selector") or {}
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def _is_reachable(pod: Manifest) -> bool:
    return bool((pod.get("status") or {}).get("podIP")) and not pods.is_finished(pod)
