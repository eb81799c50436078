"""Names, namespaces, labels and annotations, as the API server checks them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from controller.definitions import hooks, ignoredifferences, modelerrors, syncoptions
from controller.definitions.catalog import OWN_GROUPS
from controller.definitions.findings import Severity
from controller.definitions.view import View
from controller.definitions.violation import Violation, dotted
from controller.objects.metadata import IGNORE_DIFFERENCES

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
SERVICE_NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
SUBDOMAIN = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
)
_PATH_SEGMENT = re.compile(r"(?!\.\.?\Z)[^/%]+")
_QUALIFIED = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")

_LOWER = "lower-case letters, digits and '-', beginning and ending with a letter or digit"
_NAME_RULES = {
    LABEL: f"1 to 63 {_LOWER}",
    SERVICE_NAME: f"1 to 63 {_LOWER}, the first a letter: it names a Service, so a host",
    SUBDOMAIN: f"1 to 253 {_LOWER}, with '.' between parts",
    _PATH_SEGMENT: "any characters but '/' and '%'",
}
_FIELDS = dict.fromkeys(
    ("name", "namespace", "labels", "annotations", "finalizers", "ownerReferences", "generateName")
)
_SET_BY_SERVER = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)


def check(document: View, group: str, kind: str) -> Iterator[Violation]:
    """Check `metadata`, but for the presence of the name, and `status`."""
    metadata = document["metadata"]
    yield from _name(metadata["name"], _name_pattern(group, kind))
    yield from _namespace(metadata["namespace"])
    yield from _labels(metadata["labels"])
    yield from _annotations(metadata["annotations"])
    yield from hooks.check(metadata["annotations"], is_own_kind=group in OWN_GROUPS)
    yield from _unknown_fields(metadata)
    yield from _set_by_server(document)


def _name_pattern(group: str, kind: str) -> re.Pattern[str]:
    match group, kind:
        case ("kagent.dev", "Agent" | "MCPServer") | ("", "Service"):
            return SERVICE_NAME
        case ("", "Namespace"):
            return LABEL
        case ("rbac.authorization.k8s.io", _):
            return _PATH_SEGMENT
        case _:
            return SUBDOMAIN


def _name(name: View, pattern: re.Pattern[str]) -> Iterator[Violation]:
    if name.text and not pattern.fullmatch(name.text):
        yield Violation(
            rule="invalid-name",
            path=name.path,
            message=f"the name {modelerrors.shortened(name.text)!r} is not allowed",
            remedy=f"Use {_NAME_RULES[pattern]}.",
        )


def _namespace(namespace: View) -> Iterator[Violation]:
    if not namespace:
        return
    if not isinstance(namespace.value, str):
        yield modelerrors.wrong_type(namespace.path, "a text", namespace.value)
    elif not LABEL.fullmatch(namespace.text):
        yield Violation(
            rule="invalid-name",
            path=namespace.path,
            message=f"the namespace {modelerrors.shortened(namespace.text)!r} is not allowed",
            remedy=f"Use {_NAME_RULES[LABEL]}.",
        )


def _labels(labels: View) -> Iterator[Violation]:
    yield from _text_mapping(labels)
    for label in labels.each():
        if isinstance(label.value, str) and not _LABEL_VALUE.fullmatch(label.value):
            yield Violation(
                rule="invalid-label",
                path=label.path,
                message=f"{dotted(label.path)} has a value that no label may have",
                remedy="Use up to 63 letters, digits, '-', '_' and '.', or make it an annotation.",
            )


def _annotations(annotations: View) -> Iterator[Violation]:
    yield from _text_mapping(annotations)
    yield from syncoptions.check_annotations(annotations)
    ignored = annotations[IGNORE_DIFFERENCES]
    for pointer in ignored.text.replace(",", "\n").split("\n"):
        if pointer.strip():
            yield from ignoredifferences.check_pointer(ignored, pointer.strip())


def _text_mapping(values: View) -> Iterator[Violation]:
    if values and not isinstance(values.value, dict):
        yield modelerrors.wrong_type(values.path, "a mapping", values.value)
        return
    for value in values.each():
        if not isinstance(value.value, str):
            yield modelerrors.wrong_type(value.path, "a text", value.value)
        if not _is_qualified(str(value.path[-1])):
            yield Violation(
                rule="invalid-label",
                path=value.path,
                message=f"{dotted(value.path)} has a key that is not allowed",
                remedy="Use 'name' or 'domain/name' of letters, digits, '-', '_' and '.'.",
            )


def _is_qualified(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    return bool(_QUALIFIED.fullmatch(name)) and (not slash or bool(SUBDOMAIN.fullmatch(prefix)))


def _unknown_fields(metadata: View) -> Iterator[Violation]:
    for value in metadata.each():
        if value.path[-1] not in _FIELDS and value.path[-1] not in _SET_BY_SERVER:
            yield modelerrors.unknown_field(value.path, _FIELDS)


def _set_by_server(document: View) -> Iterator[Violation]:
    written = [document["metadata"][name] for name in _SET_BY_SERVER]
    for value in (*written, document["status"]):
        if value:
            yield Violation(
                rule="server-set-field",
                path=value.path,
                message=f"{dotted(value.path)} is set by the API server and ignored here",
                remedy="Remove it from the file.",
                severity=Severity.WARNING,
            )


def without_server_fields(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the document without what only the API server sets; the same object if it has none."""
    metadata = data.get("metadata")
    if isinstance(metadata, dict) and any(name in metadata for name in _SET_BY_SERVER):
        kept = {key: value for key, value in metadata.items() if key not in _SET_BY_SERVER}
        data = {**data, "metadata": kept}
    if "status" in data:
        return {key: value for key, value in data.items() if key != "status"}
    return data
