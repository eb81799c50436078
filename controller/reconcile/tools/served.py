"""Which tool servers the applications define, and how their workloads do."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from controller.definitions.catalog import Catalog
from controller.health import HealthStatus
from controller.render import toolservers
from controller.render.toolservers import ToolServer
from controller.state.records import ApplicationRecord

_NOT_THERE = frozenset({HealthStatus.MISSING, HealthStatus.PROGRESSING, HealthStatus.SUSPENDED})
"""Asking such a server is of no use: it is about to come, or somebody does not want it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A tool server of an application."""

    server: ToolServer
    application: str
    health: str = ""
    message: str = ""

    @property
    def is_waited_for(self) -> bool:
        """Whether its workload is not there (yet)."""
        return self.health in _NOT_THERE


@dataclass(frozen=True, slots=True)
class Servers:
    """The tool servers of all applications, from memory."""

    applications: Callable[[], tuple[ApplicationRecord, ...]]
    catalog: Callable[[str], Catalog | None]
    _found: dict[str, tuple[Catalog, tuple[ToolServer, ...]]] = field(default_factory=dict)

    def all(self) -> Mapping[str, Served]:
        """Give every server, by `str` of its definition's id."""
        return {str(served.server.id): served for served in self._all()}

    @property
    def is_complete(self) -> bool:
        """Whether the definitions of every application are known."""
        return all(self.catalog(record.spec.name) for record in self.applications())

    def namespaces(self) -> frozenset[str]:
        """Give every namespace in which an application has something."""
        return frozenset(
            component.namespace
            for record in self.applications()
            for component in record.status.components
        )

    def _all(self) -> Iterator[Served]:
        for record in self.applications():
            servers = self._of(record.spec.name)
            if not servers:
                continue
            components = {component.id: component for component in record.status.components}
            for server in servers:
                component = components.get(str(server.id))
                yield Served(
                    server=server,
                    application=record.spec.name,
                    health=component.health if component else "",
                    message=component.message if component else "",
                )

    def _of(self, application: str) -> tuple[ToolServer, ...]:
        """Give an application's servers; a catalog that is still the same is not read again."""
        catalog = self.catalog(application)
        if catalog is None:
            return ()
        known = self._found.get(application)
        if known is None or known[0] is not catalog:
            found = tuple(filter(None, map(toolservers.discovered, catalog.definitions.values())))
            known = self._found[application] = (catalog, found)
        return known[1]
