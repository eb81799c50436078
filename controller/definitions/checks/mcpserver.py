"""Rules of the kinds RemoteMCPServer and MCPServer."""

from collections.abc import Iterator

from controller.definitions.checks import values
from controller.definitions.findings import Severity
from controller.definitions.view import View
from controller.definitions.violation import Violation

_OWN_IMAGE = frozenset({"uvx", "npx"})  # kmcp has an image for these commands.


def check_remote(spec: View) -> Iterator[Violation]:
    """Check the spec of a RemoteMCPServer: the CEL rules of kagent's CRD."""
    yield from values.headers(spec["headersFrom"])
    yield from values.allowed_namespaces(spec["allowedNamespaces"])
    yield from values.tls(spec["tls"])
    if spec["url"].text.startswith("http://") and spec["tls"]:
        yield Violation(
            rule="tls-without-https",
            path=spec["tls"].path,
            message="'tls' contradicts the address, which is plain http",
            remedy="Remove 'tls', or use an https:// address.",
        )
    yield from _shared_ca(spec)


def _shared_ca(spec: View) -> Iterator[Violation]:
    access = spec.at("allowedNamespaces", "from")
    if access.text in {"All", "Selector"} and spec.at("tls", "caCertSecretRef").text:
        yield Violation(
            rule="ca-not-shareable",
            path=access.path,
            message="agents of other namespaces cannot mount the CA's Secret of this one",
            remedy="Use 'from: Same', or remove 'tls.caCertSecretRef'.",
        )


def check(spec: View) -> Iterator[Violation]:
    """Check the spec of an MCPServer: the rules of kmcp."""
    deployment = spec["deployment"]
    yield from values.service_account(deployment, "serviceAccount")
    yield from values.containers(deployment["sidecars"], "mcp-server")
    for variable in deployment["env"].each():
        yield from values.literal_secret(str(variable.path[-1]), variable)
    yield from _command(spec, deployment)
    yield from _transport(spec)


def _command(spec: View, deployment: View) -> Iterator[Violation]:
    command = deployment["cmd"].text
    if deployment and not deployment["image"].text and command not in _OWN_IMAGE:
        yield Violation(
            rule="image-missing",
            path=deployment.path,
            message="the server has no image, and its command is neither uvx nor npx",
            remedy="Add 'image'.",
        )
    if deployment and spec["transportType"].text == "stdio" and not command:
        yield Violation(
            rule="command-missing",
            path=deployment.path,
            message="a server that speaks stdio needs the command that starts it",
            remedy="Add 'cmd', and 'args' where it takes some.",
        )


def _transport(spec: View) -> Iterator[Violation]:
    """Warn of settings that kmcp has fields for and no code."""
    transport = spec["httpTransport"]
    if spec["transportType"].text == "stdio" and transport:
        yield Violation(
            rule="transport-unused",
            path=transport.path,
            message="'httpTransport' has no effect: the server speaks stdio",
            remedy="Remove it, or set 'transportType: http'.",
            severity=Severity.WARNING,
        )
    elif transport["tls"]:
        yield Violation(
            rule="transport-unused",
            path=transport["tls"].path,
            message="'httpTransport.tls' has no effect: agents speak plain http to the server",
            remedy="Remove it; for a server with a certificate make a RemoteMCPServer with 'tls'.",
            severity=Severity.WARNING,
        )
