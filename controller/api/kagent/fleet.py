"""What the database and the cluster know of an agent that calls."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from controller.api.kagent.callers import place_of
from controller.cluster.tokens import TokenReviews
from controller.errors import TransientError
from controller.objects import Manifest, ObjectKey, metadata
from controller.state.records import ApplicationRecord

log = structlog.get_logger(__name__)

AUDIENCE = "kagent"
"""Of the tokens that agents' pods get."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The agents of all applications, answered from memory but for the first look at a token."""

    applications: Callable[[], tuple[ApplicationRecord, ...]]
    live_object: Callable[[ObjectKey], Manifest | None]
    tokens: TokenReviews

    def knows(self, namespace: str, name: str) -> bool:
        """Tell whether some application has this agent."""
        return any(
            (component.kind, component.namespace, component.name) == ("Agent", namespace, name)
            for record in self.applications()
            for component in record.status.components
        )

    def revision(self, namespace: str, name: str) -> str:
        """Give the commit at which an agent's Deployment was written last; empty where unknown.

        Whatever changes an agent changes its Deployment, by the hash of its configuration.
        """
        found = self._deployment(namespace, name)
        return metadata.annotations(found).get(metadata.REVISION, "") if found else ""

    def verify(self, token: str, agent: str) -> bool:
        """Tell whether a token is of the service account that an agent runs under.

        Raises:
            TransientError: the API server cannot be asked, and has not been lately.
        """
        try:
            account = self.tokens.account(token)
        except TransientError as error:
            log.warning("agent_not_verified", agent=agent, problem=str(error))
            raise
        namespace, name = place_of(agent)
        if account is None or account.namespace != namespace:
            return False
        return account.name == name or account.name == self._account(namespace, name)

    def _account(self, namespace: str, name: str) -> str:
        """Give the service account of an agent that was given another's."""
        found = self._deployment(namespace, name) or {}
        pod = ((found.get("spec") or {}).get("template") or {}).get("spec") or {}
        return str(pod.get("serviceAccountName") or "")

    def _deployment(self, namespace: str, name: str) -> Manifest | None:
        return self.live_object(ObjectKey("apps", "Deployment", namespace, name))
