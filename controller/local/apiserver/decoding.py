"""Reads an object as the real server's Go types would, and writes back what they would write.

Unknown fields fall away (and are told), wrong types are refused with Go's words, quantities and
times get their canonical form, empty optional values vanish, and fields that Go always writes are
there. Custom objects pass through `prune` instead: they keep what their schema declares, as it is.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from controller.local.apiserver import quantity
from controller.local.apiserver.schema import Shape, Type, embedded_default


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Optional fields that are no pointers in Go: `false` and `0` count as absent there. The published
# schemas do not tell; these are the ones of the kinds that run here (k8s.io/api types.go).
_PLAIN_BOOLEANS = _words(
    "hostNetwork hostPID hostIPC stdin stdinOnce tty readOnly paused publishNotReadyAddresses "
    "unschedulable preserveUnknownFields exclusiveMinimum exclusiveMaximum uniqueItems "
    "nullable x-kubernetes-embedded-resource x-kubernetes-int-or-string authenticated denied"
)
_PLAIN_INTEGERS = _words(
    "hostPort nodePort minReadySeconds initialDelaySeconds timeoutSeconds periodSeconds "
    "successThreshold failureThreshold observedGeneration updatedReplicas readyReplicas "
    "availableReplicas unavailableReplicas currentReplicas fullyLabeledReplicas active "
    "succeeded failed count healthCheckNodePort signal generation port priority"
)
_POINTER_OWNERS = ("LeaseSpec", "PodSpec", "EndpointPort", "ServiceReference", "ServiceBackendPort")
# Optional strings that are pointers in Go: the empty string is a value of its own.
_POINTER_STRINGS = _words(
    "storageClassName ingressClassName volumeMode runtimeClassName appProtocol ipFamilyPolicy "
    "internalTrafficPolicy loadBalancerClass holderIdentity preemptionPolicy path strategy "
    "hostnameOverride nodeName zone hostname protocol fsType"
)
_POINTER_STRING_OWNERS = (
    "PersistentVolumeClaimSpec",
    "IngressSpec",
    "LeaseSpec",
    "EndpointPort",
    "ServiceSpec",
    "Endpoint",
    "ServicePort",
    "PodSpec",
)
_GO_SCALARS = {
    Shape.STRING: "string",
    Shape.BOOLEAN: "bool",
    Shape.NUMBER: "float64",
    Shape.TIME: "string",
}
_PYTHON_TYPES: dict[Shape, type | tuple[type, ...]] = {
    Shape.STRING: str,
    Shape.BOOLEAN: bool,
    Shape.INTEGER: int,
    Shape.NUMBER: (int, float),
    Shape.INT_OR_STRING: (int, str),
}
_INDEX = re.compile(r"\[\d+\]")
_WHOLE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")


class DecodingError(Exception):
    """The object does not fit its kind; the text is Go's."""


@dataclass(slots=True)
class Report:
    """What was found in passing: the paths of fields that no schema declares."""

    unknown: list[str] = field(default_factory=list)

    @property
    def warnings(self) -> list[str]:
        """The texts for the client."""
        return [f'unknown field "{path}"' for path in self.unknown]


def decode(value: Mapping[str, Any], kind: Type, report: Report | None = None) -> dict[str, Any]:
    """Read an object of a built-in kind and give its canonical form.

    Raises:
        DecodingError: a value has the wrong type.
    """
    return _object(value, kind, "", report if report is not None else Report())


def decode_part(value: Mapping[str, Any], kind: Type, path: str, report: Report) -> dict[str, Any]:
    """Read a part of an object; `path` is where it stands, with its final dot.

    Raises:
        DecodingError: a value has the wrong type.
    """
    return _object(value, kind, path, report)


def _object(value: Mapping[str, Any], kind: Type, path: str, report: Report) -> dict[str, Any]:
    known, made = kind.fields, {}
    for name, item in value.items():
        child = known.get(name)
        if child is None:
            report.unknown.append(f"{path}{name}")
        elif item is not None:
            decoded = _value(item, child, kind, f"{path}{name}", report)
            if not _vanishes(name, decoded, child, kind):
                made[name] = decoded
    for name, default in kind.defaults.items():
        if name not in made:
            made[name] = zero(known[name]) if default == {} else default
    return made


def zero(kind: Type) -> Any:
    """Give what Go writes for a struct that nothing was set in."""
    if kind.shape is not Shape.OBJECT:
        return {}
    return {
        name: zero(kind.fields[name]) if default == {} else embedded_default(default)
        for name, default in kind.defaults.items()
    }


def _vanishes(name: str, value: Any, kind: Type, owner: Type) -> bool:
    if name in owner.defaults or (value and value is not True):
        return False
    if kind.shape in {Shape.ARRAY, Shape.MAP}:
        return True
    if value == "" and kind.shape is Shape.STRING:
        return not (name in _POINTER_STRINGS and owner.name.endswith(_POINTER_STRING_OWNERS))
    if value is False:
        return name in _PLAIN_BOOLEANS
    if value == 0 and kind.shape is Shape.INTEGER:
        plain = name in _PLAIN_INTEGERS and not owner.name.endswith(_POINTER_OWNERS)
        return plain or (name == "replicas" and owner.name.endswith("Status"))
    return False


def _value(value: Any, kind: Type, owner: Type, path: str, report: Report) -> Any:
    if kind.shape is Shape.OBJECT:
        if not isinstance(value, Mapping):
            raise _mismatch(value, kind, owner, path)
        return _object(value, kind, f"{path}.", report)
    if kind.shape is Shape.ARRAY:
        return _array(value, kind, owner, path, report)
    if kind.shape is Shape.MAP:
        return _map(value, kind, owner, path, report)
    return _scalar(value, kind, owner, path)


def _array(value: Any, kind: Type, owner: Type, path: str, report: Report) -> list[Any]:
    if not isinstance(value, list):
        raise _mismatch(value, kind, owner, path)
    element = kind.element
    if element.shape is Shape.OBJECT:
        return [
            _object(_mapping(item, element, owner, path), element, f"{path}[{at}].", report)
            for at, item in enumerate(value)
        ]
    return [_value(item, element, owner, path, report) for item in value]


def _mapping(value: Any, kind: Type, owner: Type, path: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _mismatch(value, kind, owner, path)
    return value


def _map(value: Any, kind: Type, owner: Type, path: str, report: Report) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _mismatch(value, kind, owner, path)
    element = kind.element
    if element.shape is Shape.STRING and element.node.get("format") != "byte":
        for item in value.values():
            if not isinstance(item, str) and item is not None:
                raise _mismatch(item, element, owner, path)
        return {name: item or "" for name, item in value.items()}
    return {
        name: _value(
            item, element, owner, f"{path}.{name}" if kind.shape is Shape.OBJECT else path, report
        )
        for name, item in value.items()
        if item is not None
    }


def _scalar(value: Any, kind: Type, owner: Type, path: str) -> Any:
    if kind.shape is Shape.QUANTITY:
        return _quantity(value)
    if kind.shape is Shape.TIME:
        return _time(value, micro=kind.name.endswith("MicroTime"))
    if kind.shape is Shape.INTEGER and isinstance(value, float) and value.is_integer():
        return int(value)
    expected = _PYTHON_TYPES.get(kind.shape)
    if expected is None:
        return value
    # In Python a boolean is an integer, in JSON it is not.
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
        raise _mismatch(value, kind, owner, path)
    if isinstance(value, str) and kind.node.get("format") == "byte":
        _check_base64(value)
    return value


def _check_base64(value: str) -> None:
    try:
        base64.b64decode(value, validate=True)
    except binascii.Error:
        at = next((i for i, c in enumerate(value) if not re.match(r"[A-Za-z0-9+/=]", c)), None)
        position = len(value) // 4 * 4 if at is None else at
        raise DecodingError(f"illegal base64 data at input byte {position}") from None


def _quantity(value: Any) -> str:
    try:
        return quantity.canonical(str(value))
    except ValueError:
        raise DecodingError(
            "quantities must match the regular expression "
            "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        ) from None


def _time(value: Any, *, micro: bool) -> str:
    if isinstance(value, str) and _WHOLE_TIME.fullmatch(value) and ("." in value) == micro:
        return value
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        layout = "2006-01-02T15:04:05.000000Z07:00" if micro else "2006-01-02T15:04:05Z07:00"
        raise DecodingError(
            f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"'
        ) from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if micro else "%Y-%m-%dT%H:%M:%SZ")


def _mismatch(value: Any, kind: Type, owner: Type, path: str) -> DecodingError:
    place = f"{owner.name.rpartition('.')[2]}.{_INDEX.sub('', path)}"
    text = f"json: cannot unmarshal {json_name(value)} into Go struct field {place} of type"
    return DecodingError(f"{text} {_go_name(kind)}")


def json_name(value: Any) -> str:
    """Name the kind of a JSON value as Go does."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _go_name(kind: Type) -> str:
    if kind.shape is Shape.INTEGER:
        return str(kind.node.get("format", "int64"))
    if kind.shape is Shape.ARRAY:
        return f"[]{_go_name(kind.element)}"
    if kind.shape is Shape.MAP:
        return f"map[string]{_go_name(kind.element)}"
    if kind.shape is Shape.OBJECT:
        *_, version, name = kind.name.split(".")
        return f"{version}.{name}"
    return _GO_SCALARS.get(kind.shape, "string")
