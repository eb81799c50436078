"""Which objects of the cluster an application's definitions refer to."""

from collections.abc import Iterator, Mapping

from controller.definitions import references
from controller.definitions.agent import AgentSpec
from controller.definitions.catalog import Catalog, Definition
from controller.definitions.findings import DefinitionId
from controller.definitions.mcpserver import RemoteMCPServerSpec
from controller.definitions.references import Reference, Use
from controller.objects import ObjectKey
from controller.render import kagentruntime
from controller.render.options import RenderOptions

_IN_CLUSTER = frozenset({"ConfigMap", "Secret", "Service"})


def of(catalog: Catalog, options: RenderOptions) -> Mapping[ObjectKey, bool]:
    """Give what definitions refer to and the repository has not; True where values are needed.

    A Secret's values are needed for a system message, and for headers that reach the agent as text:
    where it runs on kagent's runtime, or in another namespace than the server.
    """
    wanted: dict[ObjectKey, bool] = {}
    on_kagent = any(
        kagentruntime.is_named(definition, options) for definition in catalog.definitions.values()
    )
    for definition in catalog.definitions.values():
        for reference in _outside(definition, catalog):
            key = ObjectKey("", reference.kind, reference.namespace, reference.name)
            needed = _needs_values(reference, definition, on_kagent=on_kagent)
            wanted[key] = wanted.get(key, False) or needed
    return wanted


def _outside(definition: Definition, catalog: Catalog) -> Iterator[Reference]:
    for reference in references.of(definition):
        id_ = DefinitionId(reference.kind, reference.namespace, reference.name, reference.group)
        if reference.kind in _IN_CLUSTER and id_ not in catalog.definitions:
            yield reference


def _needs_values(reference: Reference, definition: Definition, *, on_kagent: bool) -> bool:
    if reference.kind == "Service" or reference.use is Use.TEXT:
        return True
    return reference.use is Use.HEADER and (on_kagent or _is_shared(definition))


def _is_shared(definition: Definition) -> bool:
    match definition.spec:
        case RemoteMCPServerSpec(allowed_namespaces=access) | AgentSpec(allowed_namespaces=access):
            return access is not None and access.from_ != "Same"
        case _:
            return False
