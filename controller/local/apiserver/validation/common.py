"""What all kinds share: names, labels, selectors, metadata."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from controller.local.apiserver import errors
from controller.local.apiserver.errors import Cause
from controller.local.apiserver.resources import Resource

Value: TypeAlias = Mapping[str, Any]
Found: TypeAlias = Iterator[Cause]
LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN = rf"{LABEL}(\.{LABEL})*"
LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.',"
    " and must start and end with an alphanumeric character (e.g. 'example.com', regex used for"
    rf" validation is '{SUBDOMAIN}')"
)
LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must"
    " start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for"
    f" validation is '{LABEL}')"
)
LABEL_1035_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an"
    " alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123',"
    f" regex used for validation is '{LABEL_1035}')"
)
_LABEL_VALUE = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
_LABEL_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.',"
    " and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or"
    f" '12345', regex used for validation is '{_LABEL_VALUE}')"
)
_NAME_PART = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_NAME_PART_TEXT = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end"
    " with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for"
    f" validation is '{_NAME_PART}')"
)
NOT_NEGATIVE_TEXT = "must be greater than or equal to 0"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_CONFIG_KEY_TEXT = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',"
    f"  or 'KEY_NAME',  or 'key-name', regex used for validation is '{_CONFIG_KEY}')"
)
_PERCENT = "[0-9]+%"
_PERCENT_TEXT = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or"
    f" '93%', regex used for validation is '{_PERCENT}')"
)
PROTOCOLS = ("SCTP", "TCP", "UDP")
_FINALIZERS = ("foregroundDeletion", "kubernetes", "orphan")


def check_metadata(resource: Resource, value: Value) -> Found:
    """Check an object's metadata."""
    metadata = value["metadata"]
    yield from _name(resource, str(metadata.get("name", "")))
    yield from check_labels(metadata.get("labels", {}), "metadata.labels")
    for key in metadata.get("annotations", {}):
        yield from check_qualified(key.lower(), "metadata.annotations", shown=key)
    for at, finalizer in enumerate(metadata.get("finalizers", ())):
        yield from check_qualified(finalizer, "metadata.finalizers")
        if resource.custom is None and "/" not in finalizer and finalizer not in _FINALIZERS:
            why = "name is neither a standard finalizer name nor is it fully qualified"
            yield errors.invalid_value(f"metadata.finalizers[{at}]", finalizer, why)
    for at, owner in enumerate(metadata.get("ownerReferences", ())):
        for name in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(name):
                place = f"metadata.ownerReferences[{at}].{name}"
                what = "version " if name == "apiVersion" else ""
                yield errors.invalid_value(place, owner.get(name, ""), f"{what}must not be empty")


def _name(resource: Resource, name: str) -> Found:
    place = "metadata.name"
    if resource.group == "rbac.authorization.k8s.io":
        for bad in ("/", "%"):
            if bad in name:
                yield errors.invalid_value(place, name, f"may not contain '{bad}'")
        return
    if resource.storage_key == "namespaces":
        yield from check_text(name, LABEL, LABEL_TEXT, place, 63)
    elif resource.storage_key == "services":
        # Since 1.34 a service may begin with a digit behind a feature gate; the default is this.
        yield from check_text(name, LABEL_1035, LABEL_1035_TEXT, place, 63)
    else:
        yield from check_text(name, SUBDOMAIN, SUBDOMAIN_TEXT, place, 253)


def check_text(text: str, pattern: str, why: str, place: str, longest: int) -> Found:
    """Check a text against a pattern, whose words `why` are, and a length in bytes."""
    if len(text) > longest:
        yield errors.invalid_value(place, text, f"must be no more than {longest} bytes")
    if not re.fullmatch(pattern, text):
        yield errors.invalid_value(place, text, why)


def check_labels(labels: Value, place: str) -> Found:
    """Check the labels at a place: keys and values."""
    for key, value in sorted(labels.items()):
        yield from check_qualified(key, place)
        if not re.fullmatch(_LABEL_VALUE, value):
            yield errors.invalid_value(place, value, _LABEL_VALUE_TEXT)
        if len(value) > 63:
            yield errors.invalid_value(place, value, "must be no more than 63 bytes")


def check_qualified(key: str, place: str, shown: str = "") -> Found:
    """Check a key that may have a prefix, as labels have; `shown` is how it was written."""
    prefix, slash, name = key.rpartition("/")
    told = shown or key
    if slash and not re.fullmatch(SUBDOMAIN, prefix):
        yield errors.invalid_value(place, told, f"prefix part {SUBDOMAIN_TEXT}")
    if not name:
        yield errors.invalid_value(place, told, "name part must be non-empty")
    if len(name) > 63:
        yield errors.invalid_value(place, told, "name part must be no more than 63 bytes")
    if not re.fullmatch(_NAME_PART, name):
        yield errors.invalid_value(place, told, _NAME_PART_TEXT)


def check_selector(selector: Value | None, place: str, what: str) -> Found:
    """Check a workload's selector, which has to select something."""
    if selector is None:
        yield errors.required(place)
        return
    yield from check_label_selector(selector, place)
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield errors.invalid_value(place, selector, f"empty selector is invalid for {what}")


def check_label_selector(selector: Value, place: str) -> Found:
    """Check the form of a label selector."""
    yield from check_labels(selector.get("matchLabels", {}), f"{place}.matchLabels")
    for at, expression in enumerate(selector.get("matchExpressions", ())):
        inner = f"{place}.matchExpressions[{at}]"
        operator, values = expression.get("operator"), expression.get("values")
        if operator in {"In", "NotIn"} and not values:
            why = "must be specified when `operator` is 'In' or 'NotIn'"
            yield errors.required(f"{inner}.values", why)
        if operator in {"Exists", "DoesNotExist"} and values:
            why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            yield errors.forbidden_field(f"{inner}.values", why)
        if operator not in {"In", "NotIn", "Exists", "DoesNotExist"}:
            yield errors.invalid_value(
                f"{inner}.operator", operator, "not a valid selector operator"
            )


def selects(selector: Value | None, labels: Value) -> bool:
    """Tell whether a selector takes these labels; an absent one takes none."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels", {})
    if any(labels.get(name) != value for name, value in wanted.items()):
        return False
    return all(_meets(e, labels) for e in selector.get("matchExpressions", ()))


def _meets(expression: Value, labels: Value) -> bool:
    value = labels.get(expression.get("key", ""))
    match expression.get("operator"):
        case "In":
            return value in expression.get("values", ())
        case "NotIn":
            return value not in expression.get("values", ())
        case "Exists":
            return value is not None
        case _:
            return value is None


def check_name(name: str, place: str) -> Found:
    """Check a name that has to be there, a DNS label."""
    if not name:
        yield errors.required(place)
    else:
        yield from check_text(name, LABEL, LABEL_TEXT, place, 63)


def check_required(value: Value, place: str, *names: str) -> Found:
    """Check that texts and lists of a mapping are there."""
    for name in names:
        if not value.get(name):
            yield errors.required(f"{place}.{name}")


def check_config_key(key: str, place: str) -> Found:
    """Check a key of a ConfigMap or Secret."""
    yield from check_text(key, _CONFIG_KEY, _CONFIG_KEY_TEXT, place, 253)


def check_not_negative(value: Value, place: str, *names: str) -> Found:
    """Check numbers of a mapping by their names."""
    for name in names:
        number = value.get(name)
        if isinstance(number, int) and number < 0:
            yield errors.invalid_value(f"{place}.{name}", number, NOT_NEGATIVE_TEXT)


def check_port_number(number: Any, place: str) -> Found:
    """Check the number of a port."""
    if isinstance(number, int) and not 1 <= number <= 65535:
        yield errors.invalid_value(place, number, "must be between 1 and 65535, inclusive")


def check_port_name(name: str, place: str) -> Found:
    """Check the name of a port."""
    faults = {
        "must be no more than 15 characters": len(name) > 15,
        "must contain only alphanumeric characters (a-z, 0-9), and hyphens (-)": (
            not re.fullmatch("[-a-z0-9]*", name)
        ),
        "must contain at least one letter (a-z)": not re.search("[a-z]", name),
        "must not contain consecutive hyphens": "--" in name,
        "must not begin or end with a hyphen": name.startswith("-") or name.endswith("-"),
    }
    for why, is_so in faults.items():
        if is_so:
            yield errors.invalid_value(place, name, why)


def check_port(port: Any, place: str) -> Found:
    """Check a port that is named or numbered."""
    if isinstance(port, str):
        yield from check_port_name(port, place)
    else:
        yield from check_port_number(port or 0, place)


def check_share(share: Any, place: str) -> Found:
    """Check a number of pods, or a percentage of them."""
    if isinstance(share, str) and not re.fullmatch(_PERCENT, share):
        yield errors.invalid_value(place, share, _PERCENT_TEXT)
    elif isinstance(share, int) and share < 0:
        yield errors.invalid_value(place, share, NOT_NEGATIVE_TEXT)


def check_not_over_all(share: Any, place: str) -> Found:
    """Check that a percentage is one of at most all pods."""
    if share_number(share) > 100 and isinstance(share, str):
        yield errors.invalid_value(place, share, "must not be greater than 100%")


def share_number(share: Any) -> int:
    """Give the number before the percent sign, or the number; 0 for what is neither."""
    if isinstance(share, str):
        return int(share[:-1]) if re.fullmatch(_PERCENT, share) else 0
    return int(share or 0)
