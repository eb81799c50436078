"""What the HTTP surface is given by the composition root, and how a view gets at it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import flask

from controller.a2a.gateway import Gateway
from controller.diff.semantic.change import SemanticDiff
from controller.objects import Manifest, ObjectKey
from controller.plan.steps import Plan
from controller.reconcile.workqueue import WorkQueue
from controller.state.records import ApplicationRecord, SyncRequest
from controller.state.store import Store

_EXTENSION = "roster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything the API reads from or asks for; it knows no other part of the controller."""

    store: Store
    queue: WorkQueue
    plan: Callable[[str], Plan]
    """What a sync of an application would do now; raises `RosterError` where it cannot tell."""
    semantic: Callable[[str, str | None, str | None], SemanticDiff]
    """What changed between two revisions of an application; None for what was synced last and for
    what it is compared with. Raises `RosterError` where it cannot tell."""
    live_object: Callable[[ObjectKey], Manifest | None]
    desired_object: Callable[[str, ObjectKey], Manifest | None]
    sync: Callable[[str, SyncRequest], ApplicationRecord]
    """Ask for a sync of an application; gives its record with the request before it starts."""
    ready: Callable[[], tuple[bool, str]]
    """Whether the controller can do its work, and what it waits for."""
    webhook_secrets: Mapping[str, str]
    """By forge: `github`, `gitlab`, `gitea`. A forge without a secret is refused."""
    version: str
    gateway: Gateway | None = None
    """The way to the agents; None where there are none to reach."""


def install(app: flask.Flask, services: Services) -> None:
    """Give an application its services."""
    app.extensions[_EXTENSION] = services


def current() -> Services:
    """Give the services of the application that answers the current request."""
    return cast("Services", flask.current_app.extensions[_EXTENSION])
