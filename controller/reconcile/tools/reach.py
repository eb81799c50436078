"""A tool server -> the way to it: an address from here, and headers with their values.

Values of Secrets are read from the cluster for every question and kept nowhere.
"""

import base64
import binascii
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, urlsplit

from controller.cluster import upstream
from controller.cluster.client import Client
from controller.definitions import durations
from controller.definitions.shared import TLS, ValueRef
from controller.errors import PermanentError
from controller.mcp.way import Way
from controller.objects import ObjectKey
from controller.render import toolservers
from controller.render.toolservers import ToolServer

_SERVICE_SUFFIXES = (".svc", ".svc.cluster.local")
_LONGEST_S = 30.0
"""A question never takes longer, whatever the definition allows its agents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Finds ways through one cluster."""

    client: Client
    namespaces: Callable[[], Iterable[str]]
    """Namespaces in which a host `name.namespace` is taken for a Service."""

    def way(self, server: ToolServer) -> Way:
        """Give the way to a server.

        Raises:
            PermanentError: a header or certificate refers to something that does not exist.
            RosterError: the cluster cannot be asked for it.
        """
        namespace = server.id.namespace
        headers = {header.name: self._value(header, namespace) for header in server.headers_from}
        direct = Way(
            url=server.url,
            headers=headers,
            is_sse=server.protocol == toolservers.SSE,
            timeout_s=_timeout_s(server),
            tls=self._tls(server),
        )
        return direct if upstream.is_inside() else self._through_api_server(server, direct)

    def _through_api_server(self, server: ToolServer, direct: Way) -> Way:
        """Give the way through the API server, where the host is a Service of the cluster."""
        address = urlsplit(direct.url)
        service = self._service(server, address)
        if service is None:
            return direct
        name, namespace = service
        is_secure = address.scheme == "https"
        port = address.port or (443 if is_secure else 80)
        base = upstream.service_url(
            self.client, namespace, f"https:{name}" if is_secure else name, port
        )
        query = f"?{address.query}" if address.query else ""
        return replace(
            direct,
            url=f"{base}{address.path.lstrip('/')}{query}",
            headers={**direct.headers, **upstream.headers(self.client)},
            tls=upstream.tls(self.client),
            prefix=urlsplit(base).path,
        )

    def _service(self, server: ToolServer, address: SplitResult) -> tuple[str, str] | None:
        """Give name and namespace of the Service that a host stands for inside the cluster."""
        host = address.hostname or ""
        bare = next((host.removesuffix(end) for end in _SERVICE_SUFFIXES if host.endswith(end)), "")
        name, _, namespace = (bare or host).partition(".")
        if not namespace and host != "localhost" and not bare:
            return name, server.id.namespace
        is_service = bare or namespace in {server.id.namespace, *self.namespaces()}
        return (name, namespace) if is_service and "." not in namespace else None

    def _value(self, header: ValueRef, namespace: str) -> str:
        source = header.value_from
        if source is None:
            return header.value or ""
        value = self._data(source.type, namespace, source.name, source.key)
        # A line break at the end of a Secret's file is the most common mistake, and no header's.
        return value.decode("utf-8", "replace").strip("\r\n")

    def _data(self, kind: str, namespace: str, name: str, key: str) -> bytes:
        found = self.client.get(ObjectKey("", kind, namespace, name), "v1")
        value = ((found or {}).get("data") or {}).get(key)
        if not isinstance(value, str):
            what = "does not exist" if found is None else f"has no key {key!r}"
            raise PermanentError(f"The {kind} {namespace}/{name} {what}.")
        if kind != "Secret":
            return value.encode()
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error as error:
            raise PermanentError(f"The Secret {namespace}/{name} is broken.") from error

    def _tls(self, server: ToolServer) -> ssl.SSLContext | bool:
        given = server.tls
        if given is None or not server.url.startswith("https:"):
            return True
        if given.disable_verify:
            return False
        return self._trust(given, server.id.namespace)

    def _trust(self, given: TLS, namespace: str) -> ssl.SSLContext:
        context = (
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            if given.disable_system_cas
            else ssl.create_default_context()
        )
        if given.ca_cert_secret_ref:
            source = (given.ca_cert_secret_ref, given.ca_cert_secret_key or "ca.crt")
            content = self._data("Secret", namespace, *source)
            try:
                context.load_verify_locations(cadata=content.decode("ascii", "replace"))
            except ssl.SSLError as error:
                raise PermanentError(
                    f"The Secret {namespace}/{source[0]} holds no certificate."
                ) from error
        return context


def _timeout_s(server: ToolServer) -> float:
    allowed_s = durations.seconds(server.timeout) if server.timeout else _LONGEST_S
    return min(allowed_s or _LONGEST_S, _LONGEST_S)
