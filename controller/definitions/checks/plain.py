"""Rules of Kubernetes' own kinds that people get wrong in git: ConfigMap and Secret."""

import base64
import binascii
from collections.abc import Iterator

from controller.definitions import modelerrors
from controller.definitions.findings import Severity
from controller.definitions.view import View
from controller.definitions.violation import Violation, dotted


def check(document: View, group: str, kind: str) -> Iterator[Violation]:
    """Check a manifest that is passed through, beyond its metadata."""
    if group == "" and kind == "ConfigMap":
        yield from _texts(document["data"])
        yield from _base64(document["binaryData"])
    if group == "" and kind == "Secret":
        yield from _texts(document["stringData"], is_secret=True)
        yield from _base64(document["data"], is_secret=True)
        yield from _in_git(document)


def _texts(values: View, *, is_secret: bool = False) -> Iterator[Violation]:
    if values and not isinstance(values.value, dict):
        yield modelerrors.wrong_type(values.path, "a mapping", values.value)
        return
    for value in values.each():
        if not isinstance(value.value, str):
            yield modelerrors.wrong_type(value.path, "a text", value.value, is_secret=is_secret)


def _base64(values: View, *, is_secret: bool = False) -> Iterator[Violation]:
    yield from _texts(values, is_secret=is_secret)
    for value in values.each():
        if isinstance(value.value, str) and not _is_base64(value.value):
            yield Violation(
                rule="wrong-format",
                path=value.path,
                message=f"{dotted(value.path)} is no base64",
                remedy="Encode it, or use 'stringData' (Secret) or 'data' (ConfigMap) for text.",
            )


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _in_git(document: View) -> Iterator[Violation]:
    for field in ("data", "stringData"):
        if document[field].value:
            yield Violation(
                rule="secret-in-git",
                path=document[field].path,
                message="the Secret's values are in git, which keeps them for ever",
                remedy=(
                    "Make the Secret outside of git, or commit a SealedSecret or ExternalSecret; "
                    "change values that were real."
                ),
                severity=Severity.WARNING,
            )
            return
