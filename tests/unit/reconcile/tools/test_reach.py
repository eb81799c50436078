import base64
from types import SimpleNamespace
from typing import Any

import pytest

from controller.definitions.findings import DefinitionId
from controller.definitions.shared import TLS, ValueRef
from controller.errors import PermanentError
from controller.objects import ObjectKey
from controller.reconcile.tools.reach import Reach
from controller.render.toolservers import ToolServer

PROXY = "https://api/api/v1/namespaces"
SECRET = {"data": {"token": base64.b64encode(b"Bearer canary\n").decode()}}


class Cluster:
    """As much of a client as ways need."""

    connection = SimpleNamespace(
        host="https://api", authorization=lambda: {"authorization": "ours"}, tls=lambda: "trust"
    )

    def get(self, key: ObjectKey, _version: str) -> Any:
        return SECRET if key == ObjectKey("", "Secret", "agents", "key") else None

    @staticmethod
    def proxy_path(namespace: str, service: str, port: int) -> str:
        return f"/api/v1/namespaces/{namespace}/services/{service}:{port}/proxy/"


def server(url: str, **given: Any) -> ToolServer:
    return ToolServer(id=DefinitionId("RemoteMCPServer", "agents", "r"), url=url, **given)


@pytest.fixture
def reach() -> Reach:
    cluster: Any = Cluster()
    return Reach(client=cluster, namespaces=lambda: ["tools"])


@pytest.mark.parametrize(
    ("url", "way"),
    [
        ("http://calc.agents:3000/mcp", f"{PROXY}/agents/services/calc:3000/proxy/mcp"),
        ("http://calc:3000/mcp", f"{PROXY}/agents/services/calc:3000/proxy/mcp"),
        ("http://calc.tools/mcp?a=b", f"{PROXY}/tools/services/calc:80/proxy/mcp?a=b"),
        ("http://calc.x.svc/mcp", f"{PROXY}/x/services/calc:80/proxy/mcp"),
        ("https://calc.x.svc.cluster.local/", f"{PROXY}/x/services/https:calc:443/proxy/"),
        ("https://mcp.example.com/mcp", "https://mcp.example.com/mcp"),
        ("https://example.com/mcp", "https://example.com/mcp"),
        ("http://localhost:9000/mcp", "http://localhost:9000/mcp"),
        ("http://127.0.0.1:9000/mcp", "http://127.0.0.1:9000/mcp"),
    ],
)
def test_outside_services_are_reached_through_the_api_server(
    reach: Reach, url: str, way: str
) -> None:
    found = reach.way(server(url))

    assert found.url == way
    assert ("authorization" in found.headers) is way.startswith(PROXY)
    assert bool(found.prefix) is way.startswith(PROXY)


def test_inside_every_address_is_its_own(reach: Reach, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")

    found = reach.way(server("http://calc.agents:3000/mcp"))

    assert (found.url, found.headers, found.prefix) == ("http://calc.agents:3000/mcp", {}, "")


def test_values_of_headers_come_from_their_secrets(reach: Reach) -> None:
    headers = (
        ValueRef.model_validate({"name": "X-Plain", "value": "v"}),
        ValueRef.model_validate(
            {"name": "X-Key", "valueFrom": {"type": "Secret", "name": "key", "key": "token"}}
        ),
    )

    found = reach.way(server("https://mcp.example.com/mcp", headers_from=headers))

    assert found.headers == {"X-Plain": "v", "X-Key": "Bearer canary"}


@pytest.mark.parametrize(
    ("name", "key", "says"),
    [("gone", "token", "does not exist"), ("key", "other", "has no key 'other'")],
)
def test_a_secret_that_is_not_there_is_told_by_name(
    reach: Reach, name: str, key: str, says: str
) -> None:
    source = {"name": "X", "valueFrom": {"type": "Secret", "name": name, "key": key}}

    with pytest.raises(PermanentError, match=says):
        reach.way(server("https://e.com/", headers_from=(ValueRef.model_validate(source),)))


def test_certificates_are_not_checked_where_the_definition_says_so(reach: Reach) -> None:
    assert (
        reach.way(server("https://e.com/", tls=TLS.model_validate({"disableVerify": True}))).tls
        is False
    )
    assert reach.way(server("https://e.com/")).tls is True


@pytest.mark.parametrize(
    ("timeout", "limit_s"), [(None, 30.0), ("5s", 5.0), ("10m", 30.0), ("0s", 30.0)]
)
def test_a_definition_can_only_shorten_the_limit(
    reach: Reach, timeout: str | None, limit_s: float
) -> None:
    assert reach.way(server("https://e.com/", timeout=timeout)).timeout_s == limit_s
