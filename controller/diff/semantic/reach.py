"""Whom a change concerns: the agents that use a definition, and those that call them."""

from collections import deque
from collections.abc import Iterable, Mapping

from controller.definitions.catalog import Catalog
from controller.definitions.findings import DefinitionId
from controller.definitions.kinds import KAGENT


class Reach:
    """The references of two revisions, backwards: what is gone concerned somebody too."""

    def __init__(self, *catalogs: Catalog) -> None:
        """Turn the references around."""
        self._users: dict[DefinitionId, set[DefinitionId]] = {}
        for catalog in catalogs:
            for user, used in catalog.depends_on.items():
                for target in used:
                    self._users.setdefault(target, set()).add(user)

    def agents(self, definition: DefinitionId) -> tuple[DefinitionId, ...]:
        """Give the agents that use a definition, through servers and models too; itself if one."""
        if _is_agent(definition):
            return (definition,)
        found = self._upwards([definition], stop_at_agents=True)
        return tuple(sorted(id_ for id_ in found if _is_agent(id_)))

    def callers(self, agents: Iterable[DefinitionId]) -> tuple[DefinitionId, ...]:
        """Give the agents that call one of these, the direct callers first."""
        given = list(agents)
        found = self._upwards(given, stop_at_agents=False)
        return tuple(id_ for id_ in found if _is_agent(id_) and id_ not in given)

    def _upwards(
        self, start: Iterable[DefinitionId], *, stop_at_agents: bool
    ) -> Mapping[DefinitionId, None]:
        """Go from the used to the users, breadth first and each level in order."""
        found: dict[DefinitionId, None] = {}
        ready = deque(start)
        while ready:
            for user in sorted(self._users.get(ready.popleft(), ())):
                if user not in found:
                    found[user] = None
                    if not (stop_at_agents and _is_agent(user)):
                        ready.append(user)
        return found


def _is_agent(id_: DefinitionId) -> bool:
    return (id_.group, id_.kind) == (KAGENT, "Agent")
