"""What every pod on this machine shares, and what its processes inherit from it."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from controller.local.apiserver.store import Store
from controller.local.workloads.events import Recorder
from controller.local.workloads.images import Images
from controller.local.workloads.informers import Informer
from controller.local.workloads.kubelet.addresses import Addresses, PodAddress
from controller.local.workloads.kubelet.processes import Processes
from controller.objects import Manifest

_INHERITED = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "HTTPS_PROXY",
    "https_proxy",
)
"""Variables of the user's shell that a pod gets: how to find programs and the network.

Nothing else: an exported key is not every agent's to read; it belongs in a Secret."""


@dataclass(frozen=True, slots=True)
class Node:
    """The machine: its facilities, and the API as the kubelet uses it."""

    folder: Path
    store: Store
    recorder: Recorder
    pods: Informer
    secrets: Informer
    configmaps: Informer
    services: Informer
    processes: Processes
    images: Images
    addresses: Addresses
    api_url: str
    ca_file: Path

    def lookup(self, namespace: str) -> Callable[[str, str], Manifest | None]:
        """Give the function that finds ConfigMaps and Secrets of a namespace."""

        def find(kind: str, name: str) -> Manifest | None:
            informer = self.secrets if kind == "Secret" else self.configmaps
            return informer.get((namespace, name))

        return find

    def claim(self, namespace: str) -> Callable[[str], Path]:
        """Give the function that finds the folder of a persistent volume claim."""
        return lambda name: self.folder / "volumes" / namespace / name

    def base_environment(self, pod: Manifest, address: PodAddress) -> dict[str, str]:
        """Give the variables that a container has before its own."""
        listener = self.addresses.listener.getsockname()
        # The user name tells the proxy in which namespace a name without dots is looked up.
        proxy = f"http://{pod['metadata']['namespace']}:pod@{listener[0]}:{listener[1]}"
        direct = f"localhost,127.0.0.1,::1,127.0.0.0/8,{address.ip}"
        api = urlsplit(self.api_url)
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return {
            **inherited,
            "HOSTNAME": pod["spec"].get("hostname") or pod["metadata"]["name"],
            "HTTP_PROXY": proxy,
            "http_proxy": proxy,
            "NO_PROXY": direct,
            "no_proxy": direct,
            "KUBERNETES_SERVICE_HOST": api.hostname or "",
            "KUBERNETES_SERVICE_PORT": str(api.port or 443),
            "KUBERNETES_SERVICE_PORT_HTTPS": str(api.port or 443),
        }

    def service_links(self, pod: Manifest) -> dict[str, str]:
        """Give the variables that tell of the namespace's services, unless the pod wants none."""
        if pod["spec"].get("enableServiceLinks") is False:
            return {}
        return links(self.services.objects(pod["metadata"]["namespace"]))


def links(services: Iterable[Manifest]) -> dict[str, str]:
    """Give `<NAME>_SERVICE_HOST` and `<NAME>_SERVICE_PORT…` of services with an address."""
    values: dict[str, str] = {}
    for service in services:
        address = service["spec"].get("clusterIP")
        if address and address != "None":
            values |= _links_of(service["metadata"]["name"], address, service["spec"])
    return values


def _links_of(
    name: str, address: str, spec: Mapping[str, list[Mapping[str, str]]]
) -> dict[str, str]:
    prefix = name.upper().replace("-", "_") + "_SERVICE"
    ports = spec.get("ports") or []
    values = {f"{prefix}_HOST": address}
    if ports:
        values[f"{prefix}_PORT"] = str(ports[0]["port"])
    for port in ports:
        if port.get("name"):
            values[f"{prefix}_PORT_{port['name'].upper().replace('-', '_')}"] = str(port["port"])
    return values
