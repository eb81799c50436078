"""Rules of the parts that several kinds share: value references, access, TLS, pods."""

import re
from collections.abc import Iterator

from controller.definitions import modelerrors
from controller.definitions.findings import Severity
from controller.definitions.view import View
from controller.definitions.violation import Violation, dotted

_SECRET_NAME = re.compile(
    r"(^|[_-])(token|secret|password|passwd|credentials?|(api|private|access)[_-]?key)$"
    r"|^(proxy-)?authorization$|^cookie$",
    re.IGNORECASE,
)


def headers(values: View) -> Iterator[Violation]:
    """Check a list of ValueRef: exactly one of value and valueFrom, and no secret literally."""
    for header in values.each():
        if bool(header["value"]) == bool(header["valueFrom"]):
            found = "both of" if header["value"] else "none of"
            yield Violation(
                rule="value-source",
                path=header.path,
                message=f"{dotted(header.path)} has {found} 'value' and 'valueFrom'",
                remedy="Give exactly one of them.",
            )
        yield from literal_secret(header["name"].text, header["value"])


def literal_secret(name: str, value: View) -> Iterator[Violation]:
    """Warn of a literal value whose name says that it is secret."""
    is_composed = value.text.startswith("$(")  # Of other variables, by Kubernetes.
    if value.text and not is_composed and _SECRET_NAME.search(name):
        yield Violation(
            rule="secret-in-git",
            path=value.path,
            message=f"the value of {name!r} looks like a secret, and git keeps it for ever",
            remedy="Put it in a Secret made outside of git and refer to that by 'valueFrom'.",
            severity=Severity.WARNING,
        )


def allowed_namespaces(access: View) -> Iterator[Violation]:
    """Check that a selector is given where one is needed."""
    if access["from"].text == "Selector" and not access["selector"]:
        yield Violation(
            rule="selector-missing",
            path=access["from"].path,
            message=f"{dotted(access.path)} has no selector although 'from' is Selector",
            remedy="Add 'selector' with the labels of the namespaces that may use it.",
        )


def tls(settings: View) -> Iterator[Violation]:
    """Check that CA Secret and key come together, and that something is trusted."""
    secret, key = settings["caCertSecretRef"], settings["caCertSecretKey"]
    if key.text and not secret.text:
        yield Violation(
            rule="ca-secret-missing",
            path=key.path,
            message=f"{dotted(key.path)} names a key, and no Secret is named",
            remedy="Add 'caCertSecretRef' with the name of the Secret.",
        )
    if secret.text and not key.text:
        yield Violation(
            rule="ca-key-missing",
            path=secret.path,
            message=f"{dotted(secret.path)} names a Secret, and no key of it",
            remedy="Add 'caCertSecretKey', such as ca.crt.",
        )
    if settings["disableSystemCAs"].is_true and not settings["disableVerify"].is_true:
        yield from _trusts_nothing(settings, secret)


def _trusts_nothing(settings: View, secret: View) -> Iterator[Violation]:
    if not secret.text:
        yield Violation(
            rule="tls-trusts-nothing",
            path=settings["disableSystemCAs"].path,
            message="no certificate is accepted: the system's CAs are off, and no CA is given",
            remedy="Add 'caCertSecretRef' and 'caCertSecretKey', or remove 'disableSystemCAs'.",
        )


def service_account(pod: View, config_field: str) -> Iterator[Violation]:
    """Check that the service account is either named or described."""
    if pod["serviceAccountName"] and pod[config_field]:
        yield Violation(
            rule="service-account-conflict",
            path=pod["serviceAccountName"].path,
            message=f"'serviceAccountName' and '{config_field}' exclude each other",
            remedy=f"Keep the name of an existing account, or '{config_field}' for a new one.",
        )


def environment(variables: View) -> Iterator[Violation]:
    """Check a container's `env`: names, text values, no secret literally."""
    for variable in variables.each():
        if not isinstance(variable.value, dict):
            yield modelerrors.wrong_type(variable.path, "a mapping", variable.value)
            continue
        if not variable["name"].text:
            yield Violation(
                rule="missing-field",
                path=variable.path,
                message=f"{dotted(variable.path)} has no name",
                remedy="Add 'name'.",
            )
        value = variable["value"]
        if value and not isinstance(value.value, str):
            yield modelerrors.wrong_type(value.path, "a text", value.value)
        yield from literal_secret(variable["name"].text, value)


def containers(extra: View, reserved: str) -> Iterator[Violation]:
    """Check that extra containers have names of their own."""
    seen = {reserved}
    for container in extra.each():
        name = container["name"]
        if name.text in seen:
            yield Violation(
                rule="container-name-taken",
                path=name.path,
                message=f"the pod has another container named {name.text!r}",
                remedy="Give the container another name.",
            )
        seen.add(name.text)
