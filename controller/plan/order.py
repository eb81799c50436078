"""In which order objects are written: waves, dependencies, kinds."""

from collections.abc import Iterable, Mapping

from controller.definitions.findings import DefinitionId
from controller.objects import Manifest, ObjectKey
from controller.objects.metadata import ARGO_SYNC_WAVE, SYNC_WAVE, annotations
from controller.render.component import Component

_FIRST = (
    "CustomResourceDefinition", "Namespace", "ClusterRole", "ClusterClass", "RuntimeClass",
    "PriorityClass", "StorageClass", "VolumeSnapshotClass", "IngressClass", "GatewayClass",
    "ClusterRoleBinding", "ResourceQuota", "ServiceAccount", "Role", "RoleBinding", "ConfigMap",
    "Secret", "Service", "LimitRange", "Deployment", "StatefulSet", "CronJob",
    "PodDisruptionBudget",
)  # fmt: skip
_LAST = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
"""The order of Flux (`pkg/ssa/sort.go`): what others need, first; what can refuse others, last."""
_RANKS: Mapping[str, int] = {
    **{kind: place - len(_FIRST) for place, kind in enumerate(_FIRST)},
    **{kind: place + 1 for place, kind in enumerate(_LAST)},
}


def rank(kind: str) -> int:
    """Give the place of a kind; those that are not listed are 0, between first and last."""
    return _RANKS.get(kind, 0)


def wave(manifest: Manifest, default: int = 0) -> int:
    """Give the wave that an object names, ours before Argo CD's annotation.

    Raises:
        ValueError: it names something that is no whole number.
    """
    found = annotations(manifest)
    text = found.get(SYNC_WAVE, found.get(ARGO_SYNC_WAVE))
    if text is None:
        return default
    try:
        return int(str(text))
    except ValueError:
        raise ValueError(f"sync wave {text!r} is not a whole number") from None


def levels(
    components: Iterable[Component], wanted: Iterable[DefinitionId] | None = None
) -> Mapping[DefinitionId, int]:
    """Give for each component how many others stand before it in a chain of dependencies.

    Dependencies that are not among the components do not count. Where there is a cycle in spite
    of `definitions.resolve`, its members come in the order they are given.

    Args:
        components: all that count.
        wanted: those to be told of, and what they depend on with them; all where None.
    """
    depends_on = {component.id: component.depends_on for component in components}
    found: dict[DefinitionId, int] = {}
    for id_ in depends_on if wanted is None else wanted:
        _level(id_, depends_on, found, frozenset())
    return found


def by_place(key: ObjectKey) -> tuple[int, str, str, str]:
    """Give the sort key of an object inside its wave."""
    return (rank(key.kind), key.kind, key.namespace, key.name)


def _level(
    id_: DefinitionId,
    depends_on: Mapping[DefinitionId, frozenset[DefinitionId]],
    found: dict[DefinitionId, int],
    path: frozenset[DefinitionId],
) -> int:
    if id_ not in found:
        before = [other for other in depends_on[id_] if other in depends_on and other not in path]
        found[id_] = max(
            (_level(other, depends_on, found, path | {id_}) + 1 for other in before), default=0
        )
    return found[id_]
