"""Which object a document is: kind, group, namespace and name."""

import re
from collections.abc import Iterator

from controller.definitions import hooks, kinds, modelerrors
from controller.definitions.findings import DefinitionId
from controller.definitions.view import View
from controller.definitions.violation import Violation
from controller.objects import group_of

_API_VERSION = re.compile(r"^apiVersion:[ \t]*[\"']?([\w./-]+)", re.MULTILINE)
_KIND = re.compile(r"^kind:[ \t]*[\"']?(\w+)", re.MULTILINE)
_METADATA = re.compile(
    r"^metadata:[ \t]*(?:\{(?P<flow>[^}\n]*)|(?:#.*)?\n(?P<block>(?:[ \t]+.*\n|[ \t]*\n)*))",
    re.MULTILINE,
)


def of(document: View, default_namespace: str) -> DefinitionId | None:
    """Give the id of a document, None where it does not say which object it is."""
    api_version, kind = document["apiVersion"].text, document["kind"].text
    name = document.at("metadata", "name").text or _prefix_of_hook(document)
    if not (api_version and kind and name):
        return None
    group = group_of(api_version)
    written = document.at("metadata", "namespace").text
    namespace = "" if (group, kind) in kinds.CLUSTER_SCOPED else written or default_namespace
    return DefinitionId(kind=kind, namespace=namespace, name=name, group=group)


def _prefix_of_hook(document: View) -> str:
    """Give what the names of a hook's runs begin with: nothing else may go without a name."""
    is_hook = isinstance(document.value, dict) and _is_hook(document)
    return document.at("metadata", "generateName").text if is_hook else ""


def _is_hook(document: View) -> bool:
    notes = document.at("metadata", "annotations")
    return notes.holds(hooks.HOOK) or notes.holds(hooks.ARGO_HOOK)


def guess(text: str, default_namespace: str) -> DefinitionId | None:
    """Give the id that a text seems to have which cannot be read as YAML.

    So that a finding of a broken file is shown at its component, and the component is known to be
    broken rather than gone.
    """
    api_version, kind = _API_VERSION.search(text), _KIND.search(text)
    metadata = _METADATA.search(f"{text}\n")
    if not (api_version and kind and metadata):
        return None
    data = {
        "apiVersion": api_version[1],
        "kind": kind[1],
        "metadata": {
            "name": _guess_field("name", metadata),
            "namespace": _guess_field("namespace", metadata),
        },
    }
    return of(View(data), default_namespace)


def _guess_field(name: str, metadata: re.Match[str]) -> str | None:
    block = metadata["block"] or ""
    first = next((line for line in block.split("\n") if line.strip()), "")
    indentation = first[: len(first) - len(first.lstrip())]
    before = rf"^{indentation}" if first else r"(?:^|[\s,])"
    value = r"[\"']?([\w.:-]+)"
    found = re.search(
        rf"{before}{name}:[ \t]*{value}", metadata["flow"] or block, flags=re.MULTILINE
    )
    return found[1] if found else None


def check(document: View) -> Iterator[Violation]:
    """Check what a document needs to say which object it is."""
    yield from _required(document["apiVersion"], ", such as kagent.dev/v1alpha2")
    yield from _required(document["kind"], ", such as Agent")
    metadata = document["metadata"]
    if metadata and not isinstance(metadata.value, dict):
        yield modelerrors.wrong_type(metadata.path, "a mapping", metadata.value)
    elif metadata["generateName"] and not metadata["name"]:
        if not _is_hook(document):
            yield Violation(
                rule="generate-name",
                path=metadata["generateName"].path,
                message="'metadata.generateName' makes a new object on every sync",
                remedy="Use 'metadata.name'; only hooks may go without.",
            )
    else:
        yield from _required(metadata["name"], ": the object's name")


def _required(value: View, meaning: str) -> Iterator[Violation]:
    field = ".".join(str(part) for part in value.path[-2:])
    if not value or value.value == "":
        yield Violation(
            rule="missing-field",
            path=value.path,
            message=f"'{field}' is missing",
            remedy=f"Add '{field}'{meaning}.",
        )
    elif not isinstance(value.value, str):
        yield modelerrors.wrong_type(value.path, "a text", value.value)
