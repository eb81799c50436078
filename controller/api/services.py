"""What the HTTP surface is given by the composition root, and how a view gets at it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

import flask

from controller.a2a.gateway import Gateway
from controller.cluster.logs import PodLogs
from controller.definitions.catalog import Catalog
from controller.diff.difference import Difference
from controller.diff.semantic.change import SemanticDiff
from controller.objects import Manifest, ObjectKey
from controller.plan.steps import Plan
from controller.reconcile.origins import Origin
from controller.reconcile.tools.toolbox import Toolbox
from controller.reconcile.workqueue import WorkQueue
from controller.state.conversations import Conversations
from controller.state.records import ApplicationRecord, Operation, SyncRequest
from controller.state.store import Store

Scrub: TypeAlias = Callable[[str], str]
"""Gives a text without the values of Secrets."""

_EXTENSION = "roster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What a revision asks for."""

    revision: str
    """Full commit id."""
    manifests: Iterable[Manifest]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything the API reads from or asks for; it knows no other part of the controller."""

    store: Store
    queue: WorkQueue
    plan: Callable[[str, SyncRequest | None], Plan]
    """What a sync of an application would do now, or a request for one; raises `RosterError` where
    it cannot tell."""
    semantic: Callable[[str, str | None, str | None], SemanticDiff]
    """What changed between two revisions of an application; None for what was synced last and for
    what it is compared with. Raises `RosterError` where it cannot tell."""
    live_object: Callable[[ObjectKey], Manifest | None]
    comparison: Callable[[str, ObjectKey], Difference | None]
    """What comparing an application's object came to, without a request; None where git does not
    ask for it."""
    children: Callable[[str], Iterable[Manifest]]
    """Light nodes of what the object of a uid owns."""
    read: Callable[[ObjectKey, str], Manifest | None]
    """Ask the cluster for one object, by key and API version."""
    events: Callable[[str, str], Iterable[Manifest]]
    """Ask the cluster for the events of a namespace, or of one object in it by uid."""
    rendered: Callable[[str, str | None], Rendered]
    """What an application's revision renders to: the compared one, or one that is named."""
    origin: Callable[[ApplicationRecord, str], Origin]
    """The commit that last changed a component's definition; waits a moment for it, no longer."""
    scrubber: Callable[[str], Scrub]
    """What masks the values of an application's Secrets in a text."""
    sync: Callable[[str, SyncRequest], ApplicationRecord]
    """Ask for a sync of an application; gives its record with the request before it starts."""
    revert: Callable[[ApplicationRecord, Operation, str], str]
    """Push a branch on which git says what an operation applied; gives its commit."""
    ready: Callable[[], tuple[bool, str]]
    """Whether the controller can do its work, and what it waits for."""
    webhook_secrets: Mapping[str, str]
    """By forge: `github`, `gitlab`, `gitea`. A forge without a secret is refused."""
    version: str
    conversations: Conversations
    catalog: Callable[[str], Catalog | None]
    """The definitions that an application stands at; None before its first visit."""
    knows_agent: Callable[[str, str], bool]
    """Whether there is an agent, by namespace and name."""
    agent_revision: Callable[[str, str], str]
    """The commit at which an agent's Deployment was written last; empty where unknown."""
    verify_agent: Callable[[str, str], bool] | None
    """Whether a token is that of an agent (`namespace__NS__name`); None where nobody asks."""
    logs: PodLogs | None = None
    """The way to pods' logs; None where there are none to read."""
    gateway: Gateway | None = None
    """The way to the agents; None where there are none to reach."""
    own_url: Callable[[], str] = lambda: ""
    """Where this API answers, once it does."""
    mcp_sync: bool = False
    """Whether MCP clients may sync applications."""
    tools: Toolbox | None = None
    """The tool servers; None where nobody looks for them."""


def install(app: flask.Flask, services: Services) -> None:
    """Give an application its services."""
    app.extensions[_EXTENSION] = services


def current() -> Services:
    """Give the services of the application that answers the current request."""
    return cast("Services", flask.current_app.extensions[_EXTENSION])
