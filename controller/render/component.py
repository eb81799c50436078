"""What rendering yields."""

from dataclasses import dataclass, field

from controller.definitions import hooks
from controller.definitions.findings import DefinitionId, Finding, Position
from controller.objects import Manifest, ObjectKey, kind_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One definition and the objects it renders to: the unit that is synced and that fails."""

    id: DefinitionId
    position: Position
    manifests: tuple[Manifest, ...]
    """Stamped with application label, component, source and content hash (`objects.metadata`)."""
    depends_on: frozenset[DefinitionId] = frozenset()
    wave: int = 0
    prune: bool = True
    """False where the definition says `roster.dev/prune: disabled`."""
    keys: tuple[ObjectKey, ...] = field(init=False, repr=False, compare=False)
    """Of the manifests, in their order. Read once: a component outlives many visits."""
    lasting: tuple[tuple[ObjectKey, Manifest], ...] = field(init=False, repr=False, compare=False)
    """The manifests that stay in the cluster, with their keys: all but hooks."""

    kinds: frozenset[tuple[str, str]] = field(init=False, repr=False, compare=False)
    """Version and kind of all the manifests."""

    def __post_init__(self) -> None:
        keyed = tuple((ObjectKey.of(manifest), manifest) for manifest in self.manifests)
        lasting = tuple(pair for pair in keyed if not hooks.is_hook(pair[1]))
        object.__setattr__(self, "keys", tuple(key for key, _ in keyed))
        object.__setattr__(self, "lasting", lasting)
        object.__setattr__(self, "kinds", frozenset(map(kind_of, self.manifests)))

    @property
    def has_hooks(self) -> bool:
        """Whether any of the manifests is a hook."""
        return len(self.lasting) < len(self.manifests)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """Every component of a revision, and what went wrong on the way."""

    components: tuple[Component, ...]
    """In the order of their ids; broken definitions are missing here."""
    blocked: tuple[tuple[DefinitionId, str], ...]
    """Definitions that have no manifests this time, each with the reason in one sentence."""
    findings: tuple[Finding, ...]
