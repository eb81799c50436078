"""Whether what a reference names is there, and may be referred to."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from controller.definitions import selectors, suggest
from controller.definitions.catalog import Definition
from controller.definitions.findings import DefinitionId, Severity
from controller.definitions.kinds import KAGENT
from controller.definitions.references import Reference
from controller.definitions.suspects import Suspects
from controller.definitions.view import View
from controller.definitions.violation import Violation

_SERVERS = ("MCPServer", "RemoteMCPServer", "Service")
_MAY_BE_IN_CLUSTER = frozenset({"ConfigMap", "Secret", "Service"})
NO_SUSPECTS = Suspects(())
_NAMESPACE_NAME = "kubernetes.io/metadata.name"


class Index:
    """The definitions of a revision, by what references look for."""

    def __init__(
        self,
        definitions: Mapping[DefinitionId, Definition],
        suspects: Suspects = NO_SUSPECTS,
    ) -> None:
        """Sort the definitions.

        Args:
            definitions: All that could be read.
            suspects: Errors that may hide more than that.
        """
        self.definitions = definitions
        self.suspects = suspects
        self._by_kind: defaultdict[tuple[str, str], list[DefinitionId]] = defaultdict(list)
        for id_ in definitions:
            self._by_kind[id_.group, id_.kind].append(id_)

    def find(self, reference: Reference) -> Definition | None:
        """Give the definition that a reference names."""
        return self.get(reference.kind, reference.namespace, reference.name, reference.group)

    def get(self, kind: str, namespace: str, name: str, group: str = KAGENT) -> Definition | None:
        """Give a definition by what its id is made of."""
        return self.definitions.get(DefinitionId(kind, namespace, name, group))

    def all(self, kind: str, group: str = KAGENT) -> Iterable[DefinitionId]:
        """Give the ids of a kind."""
        return self._by_kind.get((group, kind), ())

    def namespace_labels(self, name: str) -> Mapping[str, Any] | None:
        """Give the labels of a namespace that the repository defines, else None."""
        found = self.get("Namespace", "", name, "")
        if found is None:
            return None
        labels = found.metadata.get("labels")
        return {**(labels if isinstance(labels, dict) else {}), _NAMESPACE_NAME: name}


def check(source: Definition, reference: Reference, index: Index) -> Iterator[Violation]:
    """Check one reference of a definition."""
    if reference.is_tool and (refusal := _wrong_kind(source, reference)):
        yield refusal
        return
    target = index.find(reference)
    if target is None:
        yield from _missing(reference, index)
    elif target.id == source.id:
        yield Violation(
            rule="self-reference",
            path=reference.path,
            message=f"{source.id} calls itself",
            remedy="Remove the tool.",
        )
    else:
        yield from _key(reference, target)
        if reference.namespace != source.id.namespace:
            yield from _access(source, reference, target, index)


def _wrong_kind(source: Definition, reference: Reference) -> Violation | None:
    parent = reference.path[:-1]
    accepted = ("Agent",) if parent[-1] == "agent" else _SERVERS
    tool = View(source.document.data).at("spec", "declarative", "tools")
    target = View(next((t.value for t in tool.each() if t.path == parent[:-1]), None))
    group = target[str(parent[-1])]["apiGroup"].text
    if reference.kind in accepted and group in {"", reference.group, "core"}:
        return None
    near = suggest.nearest(reference.kind, accepted)
    hint = f"Did you mean {near!r}? " if near and near != reference.kind else ""
    named = f"{group}/{reference.kind}" if group else reference.kind
    return Violation(
        rule="reference-kind",
        path=(*parent, "kind"),
        message=f"a tool cannot be of the kind {named}",
        remedy=f"{hint}It can be {suggest.listing(accepted)}.",
    )


def _missing(reference: Reference, index: Index) -> Iterator[Violation]:
    if reference.kind in _MAY_BE_IN_CLUSTER:
        if not reference.is_optional:
            yield _unverified(reference, index)
        return
    elsewhere = _elsewhere(reference, index)
    cause = None if elsewhere else index.suspects.hiding(reference)
    # Another name would be bad advice where this one broke.
    known = elsewhere or (f"Correct {cause.file} first, which seems to define it." if cause else "")
    yield Violation(
        rule="missing-reference",
        path=reference.path,
        message=f"no {_named(reference)} in the repository",
        remedy=known
        or _nearest_name(reference, index)
        or f"Add the {reference.kind}, or correct the name.",
        cause=cause,
    )


def _named(reference: Reference) -> str:
    return f"{reference.kind} {reference.name!r} in namespace {reference.namespace!r}"


def _elsewhere(reference: Reference, index: Index) -> str:
    """Say where the name is: in another kind, in another namespace; empty where it is nowhere."""
    for kind in _SERVERS[:2]:
        if (
            reference.kind in _SERVERS
            and kind != reference.kind
            and index.get(kind, reference.namespace, reference.name)
        ):
            return f"There is a {kind} of that name: set 'kind: {kind}'."
    same_name = [id_ for id_ in index.all(reference.kind) if id_.name == reference.name]
    if same_name and reference.is_tool:
        return f"There is one in namespace {same_name[0].namespace!r}: set 'namespace'."
    if same_name:
        return (
            f"There is one in namespace {same_name[0].namespace!r}, and an agent uses only those "
            "of its own: define it here too."
        )
    return ""


def _nearest_name(reference: Reference, index: Index) -> str:
    names = [
        id_.name
        for id_ in index.all(reference.kind, reference.group)
        if id_.namespace == reference.namespace
    ]
    near = suggest.nearest(reference.name, names)
    return f"Did you mean {near!r}?" if near else ""


def _unverified(reference: Reference, index: Index) -> Violation:
    hint = _nearest_name(reference, index)
    return Violation(
        rule="unverified-reference",
        path=reference.path,
        message=f"no {_named(reference)} in the repository: it must exist in the cluster",
        remedy=hint or "Make sure that it exists there before the agent starts.",
        severity=Severity.WARNING,
    )


def _key(reference: Reference, target: Definition) -> Iterator[Violation]:
    if not reference.key or reference.is_optional:
        return
    keys = keys_of(target)
    if reference.key not in keys:
        near = suggest.nearest(reference.key, keys)
        hint = f"Did you mean {near!r}?" if near else f"It has {suggest.listing(keys) or 'none'}."
        yield Violation(
            rule="missing-key",
            path=reference.key_path,
            message=f"{target.id} has no key {reference.key!r}",
            remedy=hint,
        )


def keys_of(target: Definition) -> tuple[str, ...]:
    """Give the keys of a ConfigMap or Secret."""
    data = target.document.data
    fields = (data.get(name) for name in ("data", "binaryData", "stringData"))
    return tuple(key for field in fields if isinstance(field, dict) for key in field)


def _access(
    source: Definition, reference: Reference, target: Definition, index: Index
) -> Iterator[Violation]:
    """Check a reference across namespaces (kagent: validateCrossNamespaceReferences)."""
    here, there = source.id.namespace, target.id.namespace
    if target.id.kind in {"MCPServer", "Service"}:
        yield Violation(
            rule="cross-namespace",
            path=reference.path,
            message=f"{target.id} can be used from its own namespace only, not from {here!r}",
            remedy="Move one of the two, or make a RemoteMCPServer with its address.",
        )
        return
    access = View(target.document.data).at("spec", "allowedNamespaces")
    allowed = selectors.allows(access, index.namespace_labels(here))
    if allowed is False:
        yield Violation(
            rule="namespace-not-allowed",
            path=reference.path,
            message=f"{target.id} does not allow references from namespace {here!r}",
            remedy=f"Set 'spec.allowedNamespaces' of the {target.id.kind} in {there!r}.",
        )
    if allowed is None:
        yield Violation(
            rule="namespace-unverified",
            path=reference.path,
            message=f"{target.id} selects namespaces by label, and those of {here!r} are not known",
            remedy="Make sure that the namespace has the labels, or add it to the repository.",
            severity=Severity.WARNING,
        )
