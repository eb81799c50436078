from typing import Any

import pytest

from controller.definitions.checks import mcpserver
from controller.definitions.view import View

CA = {"caCertSecretRef": "s", "caCertSecretKey": "k"}


def remote(spec: dict[str, Any]) -> list[tuple[str, str]]:
    found = mcpserver.check_remote(View(spec, ("spec",)))
    return [(item.rule, "/".join(str(part) for part in item.path[1:])) for item in found]


def local(spec: dict[str, Any]) -> list[tuple[str, str]]:
    found = mcpserver.check(View(spec, ("spec",)))
    return [(item.rule, "/".join(str(part) for part in item.path[1:])) for item in found]


@pytest.mark.parametrize(
    "spec",
    [
        {"url": "http://a"},
        {"url": "https://a", "tls": CA},
        {"url": "a:443", "tls": CA},
        {"url": "https://a", "tls": CA, "allowedNamespaces": {"from": "Same"}},
        {"url": "https://a", "tls": {}, "allowedNamespaces": {"from": "All"}},
        {"url": "https://a", "headersFrom": [{"name": "a", "valueFrom": {}}]},
    ],
    ids=str,
)
def test_a_good_remote_server_breaks_no_rule(spec: dict[str, Any]) -> None:
    assert remote(spec) == []


@pytest.mark.parametrize(
    ("spec", "rule", "path"),
    [
        ({"url": "http://a", "tls": {}}, "tls-without-https", "tls"),
        (
            {"url": "https://a", "tls": CA, "allowedNamespaces": {"from": "All"}},
            "ca-not-shareable",
            "allowedNamespaces/from",
        ),
        ({"url": "https://a", "headersFrom": [{"name": "a"}]}, "value-source", "headersFrom/0"),
        (
            {"url": "https://a", "headersFrom": [{"name": "Authorization", "value": "x"}]},
            "secret-in-git",
            "headersFrom/0/value",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_rule_of_a_remote_server_is_broken_at_its_place(
    spec: dict[str, Any], rule: str, path: str
) -> None:
    assert remote(spec) == [(rule, path)]


@pytest.mark.parametrize(
    "spec",
    [
        {"deployment": {"image": "a"}},
        {"deployment": {"cmd": "uvx", "args": ["tool"]}, "transportType": "stdio"},
        {"deployment": {"cmd": "npx"}},
        {"deployment": {"image": "a", "sidecars": [{"name": "proxy"}]}, "transportType": "http"},
        {"deployment": {"image": "a", "env": {"LEVEL": "debug"}}},
        {},
    ],
    ids=str,
)
def test_a_good_server_breaks_no_rule(spec: dict[str, Any]) -> None:
    assert local(spec) == []


@pytest.mark.parametrize(
    ("spec", "rule", "path"),
    [
        ({"deployment": {"cmd": "node"}}, "image-missing", "deployment"),
        ({"httpTransport": {"tls": {"secretRef": "s"}}}, "transport-unused", "httpTransport/tls"),
        (
            {"transportType": "stdio", "httpTransport": {"path": "/mcp"}},
            "transport-unused",
            "httpTransport",
        ),
        ({"deployment": {"image": "a"}, "transportType": "stdio"}, "command-missing", "deployment"),
        (
            {"deployment": {"image": "a", "serviceAccountName": "b", "serviceAccount": {}}},
            "service-account-conflict",
            "deployment/serviceAccountName",
        ),
        (
            {"deployment": {"image": "a", "env": {"GITHUB_TOKEN": "x"}}},
            "secret-in-git",
            "deployment/env/GITHUB_TOKEN",
        ),
        (
            {"deployment": {"image": "a", "sidecars": [{"name": "mcp-server"}]}},
            "container-name-taken",
            "deployment/sidecars/0/name",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_rule_of_a_server_is_broken_at_its_place(
    spec: dict[str, Any], rule: str, path: str
) -> None:
    assert local(spec) == [(rule, path)]
