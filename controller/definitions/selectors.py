"""Which namespaces an object lets in: kagent's `allowedNamespaces`."""

from collections.abc import Mapping
from typing import Any

from controller.definitions.view import View


def allows(access: View, labels: Mapping[str, Any] | None) -> bool | None:
    """Tell whether another namespace than the object's own may refer to it.

    Args:
        access: The object's `spec.allowedNamespaces`; absent means its own namespace only.
        labels: Labels of that namespace, None where they are not known.

    Returns:
        None where it depends on labels that are not known.
    """
    match access["from"].text:
        case "All":
            return True
        case "Selector" if access["selector"]:
            return None if labels is None else matches(access["selector"], labels)
        case _:
            return False


def matches(selector: View, labels: Mapping[str, Any]) -> bool:
    """Tell whether labels match a Kubernetes label selector; an empty one matches all."""
    wanted = selector["matchLabels"].value or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_holds(expression, labels) for expression in selector["matchExpressions"].each())


def _holds(expression: View, labels: Mapping[str, Any]) -> bool:
    key, values = expression["key"].text, expression["values"].texts()
    match expression["operator"].text:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return False
