"""Label and field selectors, in the grammar and with the error texts of the real server."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.local.apiserver import errors
from controller.local.apiserver.resources import Resource

_TOKEN = re.compile(r"\s*(==|!=|=|!|,|\(|\)|<|>|[^\s=!,()<>]+)")
_SPECIAL = frozenset(["==", "!=", "=", "!", ",", "(", ")", "<", ">"])
_KEY = re.compile(r"([a-z0-9.-]+/)?[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?")
_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on a label."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Do these labels meet the condition?"""
        value = labels.get(self.key)
        match self.operator:
            case "in":
                return value in self.values
            case "notin":
                return value not in self.values
            case "exists":
                return value is not None
            case "absent":
                return value is None
            case _:
                return self._compares(value)

    def _compares(self, value: str | None) -> bool:
        if value is None or not value.lstrip("-").isdigit():
            return False
        bound = int(self.values[0])
        return int(value) > bound if self.operator == "gt" else int(value) < bound


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = _TOKEN.findall(text)
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        word = self.peek()
        self.at += 1
        return word

    def parse(self) -> tuple[Requirement, ...]:
        found = []
        while self.peek():
            found.append(self._requirement())
            word = self.take()
            if word not in {"", ","}:
                raise errors.bad_request(f"found '{word}', expected: ',' or 'end of string'")
            if word == "," and (not self.peek() or self.peek() == ","):
                raise errors.bad_request(f"found '{self.peek()}', expected: identifier after ','")
        return tuple(found)

    def _requirement(self) -> Requirement:
        if self.peek() == "!":
            self.take()
            return Requirement(self._key(), "absent")
        key = self._key()
        word = self.peek()
        if word in {"", ","}:
            return Requirement(key, "exists")
        self.take()
        if word in {"in", "notin"}:
            return Requirement(key, word, self._values())
        if word in {"=", "==", "!="}:
            value = "" if self.peek() in {"", ","} else self.take()
            return Requirement(key, "notin" if word == "!=" else "in", (self._checked(value),))
        if word in {"<", ">"}:
            return Requirement(key, "lt" if word == "<" else "gt", (self.take(),))
        wanted = "in, notin, =, ==, !=, gt, lt"
        raise errors.bad_request(f"unable to parse requirement: found '{word}', expected: {wanted}")

    def _key(self) -> str:
        key = self.take()
        if key in _SPECIAL or not key:
            wanted = "!, identifier, or 'end of string'" if key else "identifier"
            raise errors.bad_request(
                f"unable to parse requirement: found '{key}', expected: {wanted}"
            )
        if not _KEY.fullmatch(key):
            raise errors.bad_request(
                f'unable to parse requirement: <nil>: Invalid value: "{key}": name part must'
                " consist of alphanumeric characters, '-', '_' or '.', and must start and end with"
                " an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex"
                " used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
            )
        return key

    def _values(self) -> tuple[str, ...]:
        if self.take() != "(":
            raise errors.bad_request(
                f"unable to parse requirement: found '{self.tokens[self.at - 1]}' expected: '('"
            )
        values: list[str] = []
        while (word := self.take()) != ")":
            if not word:
                raise errors.bad_request(
                    "unable to parse requirement: found '', expected: ',' or ')'"
                )
            if word != ",":
                values.append(self._checked(word))
        return tuple(values)

    def _checked(self, value: str) -> str:
        if not _VALUE.fullmatch(value) or len(value) > 63:
            raise errors.bad_request(
                f'unable to parse requirement: values[0][key]: Invalid value: "{value}": a valid'
                " label must be an empty string or consist of alphanumeric characters, '-', '_' or"
                " '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or"
                " 'my_value',  or '12345', regex used for validation is"
                " '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
            )
        return value


def parse_labels(text: str) -> tuple[Requirement, ...]:
    """Read a label selector.

    Raises:
        ApiError: the text is none.
    """
    return _Parser(text).parse()


def matches_labels(requirements: Sequence[Requirement], value: Mapping[str, Any]) -> bool:
    """Do the object's labels meet all requirements?"""
    labels = value.get("metadata", {}).get("labels") or {}
    return all(requirement.matches(labels) for requirement in requirements)


# What can be selected by, beside name and namespace, and where the value stands.
_FIELDS: dict[str, tuple[str, ...]] = {
    "pods": (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
        "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName",
    ),
    "events": (
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
        "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
        "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type",
    ),
    "secrets": ("type",),
    "namespaces": ("status.phase",),
    "nodes": ("spec.unschedulable",),
    "replicasets.apps": ("status.replicas",),
    "replicationcontrollers": ("status.replicas",),
    "jobs.batch": ("status.successful",),
    "services": ("spec.clusterIP", "spec.type"),
    "certificatesigningrequests.certificates.k8s.io": ("spec.signerName",),
}  # fmt: skip


def selectable(resource: Resource) -> tuple[str, ...]:
    """Give the fields that objects of a resource can be selected by."""
    common = ("metadata.name", "metadata.namespace") if resource.namespaced else ("metadata.name",)
    if resource.custom is not None:
        declared = resource.custom.get("selectableFields", ())
        return (*common, *(field["jsonPath"].lstrip(".") for field in declared))
    return (*common, *_FIELDS.get(resource.storage_key, ()))


# Kinds whose conversion refuses a field in its own words (pkg/apis/core/v1/conversion.go).
_TERSE = frozenset(
    ["events", "namespaces", "nodes", "pods", "replicationcontrollers", "secrets", "services"]
)


def _not_selectable(name: str, resource: Resource) -> str:
    if resource.custom is not None or resource.storage_key in _TERSE:
        return f"field label not supported: {name}"
    if resource.storage_key == "jobs.batch":
        return f'field label "{name}" not supported for Job'
    only = '"metadata.name", "metadata.namespace"' if resource.namespaced else '"metadata.name"'
    return f'"{name}" is not a known field selector: only {only}'


def parse_fields(text: str, resource: Resource) -> list[tuple[str, bool, str]]:
    """Read a field selector for a resource as (field, is equal, value).

    Raises:
        ApiError: the text is none, or names a field that is not selectable.
    """
    found, known = [], selectable(resource)
    for part in filter(None, text.split(",")):
        name, operator, value = _split(part)
        if name not in known:
            raise errors.bad_request(_not_selectable(name, resource))
        found.append((name, operator != "!=", value))
    return found


def _split(part: str) -> tuple[str, str, str]:
    for operator in ("!=", "==", "="):
        name, mark, value = part.partition(operator)
        if mark:
            return name.strip(), operator, value.strip()
    raise errors.bad_request(f"invalid selector: '{part}'; can't understand '{part}'")


def field_matcher(
    conditions: Sequence[tuple[str, bool, str]],
) -> Callable[[Mapping[str, Any]], bool]:
    """Give the function that tells whether an object meets the conditions."""

    def matches(value: Mapping[str, Any]) -> bool:
        return all((_at(value, path) == wanted) is equal for path, equal, wanted in conditions)

    return matches


def _at(value: Any, path: str) -> str:
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if path == "source" and isinstance(value, Mapping):
        value = value.get("component")
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
