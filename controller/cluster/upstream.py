"""The way to a Service of the cluster, for whoever speaks HTTP to what runs behind it."""

import os
import ssl
from collections.abc import Mapping

from controller.cluster.client import Client


def service_url(client: Client, namespace: str, name: str, port: int) -> str:
    """Give the address of a Service, with a slash at the end.

    Inside the cluster that is its DNS name; outside, the API server relays.
    """
    if is_inside():
        return f"http://{name}.{namespace}:{port}/"
    return f"{client.connection.host}{client.proxy_path(namespace, name, port)}"


def headers(client: Client) -> Mapping[str, str]:
    """Give what the API server wants to see of a request that it relays, and keeps to itself."""
    return {} if is_inside() else client.connection.authorization()


def tls(client: Client) -> ssl.SSLContext:
    """Give the trust and the certificate with which the API server is reached."""
    return client.connection.tls()


def is_inside(environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether this process is a pod of a cluster."""
    return bool(environ.get("KUBERNETES_SERVICE_HOST")) and not environ.get("KUBECONFIG")
