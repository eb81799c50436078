"""How the agents of all applications are reached: from the database to an address.

It answers from memory: the gateway asks in its event loop, for every request.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from controller.a2a.upstream import Upstream
from controller.cluster import upstream
from controller.cluster.client import Client
from controller.definitions import passing
from controller.definitions.catalog import Catalog
from controller.definitions.findings import DefinitionId
from controller.errors import PermanentError, TransientError
from controller.health import HealthStatus
from controller.state.records import ApplicationRecord, ComponentStatus

AGENT_PORT = 8080
"""Every agent answers here: kagent's contract with its images."""
_SHOWN = 50
"""Agents named in a message at most."""

_Place = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True, slots=True)
class _Indexed:
    record: ApplicationRecord
    agents: Mapping[_Place, ComponentStatus]


@dataclass(frozen=True, slots=True)
class Agents:
    """The agents of all applications."""

    applications: Callable[[], tuple[ApplicationRecord, ...]]
    client: Client
    catalog: Callable[[str], Catalog | None]
    """The definitions that an application stands at, None where they are not known yet."""
    _indexed: dict[str, _Indexed] = field(default_factory=dict)

    def find(self, namespace: str, name: str) -> Upstream:
        """Give where an agent answers.

        Raises:
            PermanentError: there is none; the remedy names those that there are.
            TransientError: it is not running.
        """
        application, found = self._component(namespace, name)
        if found.health == HealthStatus.MISSING:
            raise TransientError(
                f"The agent {namespace}/{name} does not run: {found.message or 'it is missing'}.",
                remedy=f"`roster app get {application}` says how it comes along.",
            )
        is_inside = upstream.is_inside()
        return Upstream(
            url=upstream.service_url(self.client, namespace, name, AGENT_PORT),
            headers=upstream.headers(self.client),
            passes=self._passes(application, found, is_inside=is_inside),
            is_relayed=not is_inside,
            state=_state(found),
        )

    def _component(self, namespace: str, name: str) -> tuple[str, ComponentStatus]:
        for application, agents in self._all():
            if found := agents.get((namespace, name)):
                return application, found
        places = sorted("/".join(place) for _, agents in self._all() for place in agents)
        listed = ", ".join(places[:_SHOWN]) or "none"
        more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
        raise PermanentError(
            f"There is no agent {namespace}/{name}.", remedy=f"There are: {listed}{more}."
        )

    def _all(self) -> Iterator[tuple[str, Mapping[_Place, ComponentStatus]]]:
        """Give the agents by application; a record that is still the same is not read again."""
        for record in self.applications():
            name = record.spec.name
            known = self._indexed.get(name)
            if known is None or known.record is not record:
                known = self._indexed[name] = _Indexed(record, _agents(record))
            yield name, known.agents

    def _passes(
        self, application: str, agent: ComponentStatus, *, is_inside: bool
    ) -> frozenset[str]:
        catalog = self.catalog(application)
        found = catalog.definitions.get(DefinitionId.parse(agent.id)) if catalog else None
        if catalog is None or found is None:
            return frozenset()
        # An API server takes the header for its own, and passes none on.
        kept = frozenset() if is_inside else frozenset({passing.AUTHORIZATION})
        return passing.headers(found, catalog) - kept


def _agents(record: ApplicationRecord) -> dict[_Place, ComponentStatus]:
    return {
        (component.namespace, component.name): component
        for component in record.status.components
        if component.kind == "Agent"
    }


def _state(agent: ComponentStatus) -> str:
    message = f" ({agent.message.rstrip('.')})" if agent.message else ""
    return f"It is {agent.health}{message}."
