"""Where a service's name leads: what cluster DNS and kube-proxy are in a real cluster."""

import random
from collections.abc import Mapping
from typing import Any

from controller.local.workloads import pods
from controller.local.workloads.endpoints import SERVICE_NAME
from controller.local.workloads.informers import Informer
from controller.objects import Manifest

Address = tuple[str, int]
_DOMAIN = ("svc", "cluster", "local")


class NoEndpointsError(Exception):
    """The service exists, but nothing ready stands behind it; the message is the API server's."""


class Directory:
    """Services, their endpoints, and pods, by name."""

    def __init__(self, services: Informer, slices: Informer, pods_: Informer) -> None:
        self._services = services
        self._slices = slices
        self._pods = pods_

    def service(self, namespace: str, name: str, port: str) -> Address | None:
        """Give an endpoint of a service; `port` is a name, a number, or empty for the only one.

        None where there is no such service or port.

        Raises:
            NoEndpointsError: nothing ready stands behind it.
        """
        found = self._services.get((namespace, name))
        wanted = _port_of(found, port) if found else None
        if wanted is None:
            return None
        ready = [
            (address, each["port"])
            for endpoint_slice in self._slices.objects(namespace)
            if (endpoint_slice["metadata"].get("labels") or {}).get(SERVICE_NAME) == name
            for each in endpoint_slice.get("ports") or ()
            if (each.get("name") or "") == (wanted.get("name") or "")
            for endpoint in endpoint_slice.get("endpoints") or ()
            if (endpoint.get("conditions") or {}).get("ready", True)
            for address in endpoint["addresses"]
        ]
        if not ready:
            message = f'no endpoints available for service "{name}"'
            raise NoEndpointsError(message)
        return random.choice(ready)  # noqa: S311 - spreads load, guards nothing

    def pod(self, namespace: str, name: str, port: str) -> Address | None:
        """Give a pod's address; without a port it is the first that the pod declares."""
        found = self._pods.get((namespace, name))
        ip = (found.get("status") or {}).get("podIP") if found else None
        if found is None or not ip:
            return None
        declared = [p for each in found["spec"]["containers"] for p in each.get("ports") or ()]
        named = {p["name"]: p["containerPort"] for p in declared if p.get("name")}
        if not port:
            number = declared[0]["containerPort"] if declared else 80
        else:
            number = named[port] if port in named else int(port) if port.isdigit() else 0
        return (ip, pods.real_port(found, number)) if number else None

    def host(self, host: str, port: int, *, namespace: str) -> Address | None:
        """Give the address for a name as a pod in this namespace would use it; None if it is none.

        `name`, `name.namespace`, and both with `.svc` and `.svc.cluster.local`; before a headless
        service's name also a pod's host name.

        Raises:
            NoEndpointsError: it is a service's name, and nothing ready stands behind it.
        """
        parts = host.rstrip(".").split(".")
        for end in (_DOMAIN, _DOMAIN[:1]):
            if tuple(parts[-len(end) :]) == end:
                parts = parts[: -len(end)]
                break
        match parts:
            case [name]:
                return self.service(namespace, name, str(port))
            case [name, space] if self._services.get((space, name)):
                return self.service(space, name, str(port))
            case [pod_name, _, space]:
                return self.pod(space, pod_name, str(port))
        return self._by_address(host, port)

    def _by_address(self, host: str, port: int) -> Address | None:
        for service in self._services.objects():
            if service["spec"].get("clusterIP") == host:
                metadata = service["metadata"]
                return self.service(metadata["namespace"], metadata["name"], str(port))
        return None


def _port_of(service: Manifest, port: str) -> Mapping[str, Any] | None:
    ports: list[Mapping[str, Any]] = service["spec"].get("ports") or []
    if not port:
        return ports[0] if len(ports) == 1 else None
    return next((p for p in ports if port in {p.get("name"), str(p["port"])}), None)
