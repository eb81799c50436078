"""All tools of all applications: what the API shows of them, and calls."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from controller.definitions import grants
from controller.definitions.catalog import Catalog
from controller.definitions.grants import Grant
from controller.errors import PermanentError
from controller.mcp.way import Answer
from controller.reconcile.tools.served import Served, Servers
from controller.reconcile.tools.watch import ToolWatch
from controller.state.toolservers import ToolServerRecord, ToolServers


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A tool server with everything that is known of it."""

    served: Served
    record: ToolServerRecord
    grants: tuple[Grant, ...]
    """Of agents that may use it."""

    def users(self, tool: str) -> tuple[Grant, ...]:
        """Give the grants that cover a tool."""
        return tuple(grant for grant in self.grants if grant.covers(tool))

    def needs_approval(self, tool: str) -> tuple[str, ...]:
        """Give the agents that may use a tool only with a person's approval."""
        return tuple(str(grant.agent) for grant in self.grants if tool in grant.approval)


class ApprovalRequiredError(PermanentError):
    """Somebody has to say yes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox:
    """Tool servers, from memory, and calls of their tools."""

    servers: Servers
    records: ToolServers
    watch: ToolWatch
    catalog: Callable[[str], Catalog | None]

    def all(self) -> tuple[Shown, ...]:
        """Give every server, by namespace and name."""
        served = self.servers.all().values()
        found = {item.application: self._grants(item.application) for item in served}
        return tuple(
            Shown(
                served=item,
                record=self.records.get(str(item.server.id))
                or ToolServerRecord(id=str(item.server.id)),
                grants=tuple(
                    grant for grant in found[item.application] if grant.server == item.server.id
                ),
            )
            for item in sorted(served, key=_place)
        )

    def call(
        self, shown: Shown, tool: str, arguments: Mapping[str, Any], *, confirmed: bool
    ) -> Answer:
        """Call a tool, by hand.

        Raises:
            ApprovalRequiredError: agents may do so only with an approval, and nobody gave one.
            PermanentError: the server has no such tool, or refuses the call.
            TransientError: it does not answer.
        """
        offered = {known.name for known in shown.record.offered}
        if tool not in offered:
            known = ", ".join(sorted(offered)) or "none"
            raise PermanentError(
                f"{shown.record.id} has no tool {tool!r}.", remedy=f"It has: {known}."
            )
        if not confirmed and (agents := shown.needs_approval(tool)):
            raise ApprovalRequiredError(
                f"The tool {tool!r} needs an approval: {', '.join(agents)} may not use it without.",
                remedy="Confirm the call.",
            )
        return self.watch.call(shown.record.id, tool, arguments)

    def _grants(self, application: str) -> tuple[Grant, ...]:
        catalog = self.catalog(application)
        return tuple(grants.all_of(catalog)) if catalog else ()


def _place(served: Served) -> tuple[str, str, str]:
    id_ = served.server.id
    return id_.namespace, id_.name, id_.kind
