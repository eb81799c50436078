"""What looks after conversations while nobody asks: retention, and tasks whose process died."""

import structlog

from controller.api.kagent.callers import place_of
from controller.app.clusters import Cluster
from controller.app.repeating import Repeating
from controller.objects import Manifest, ObjectKey
from controller.reconcile import interruptions
from controller.settings import Settings
from controller.state.conversations import Conversations

log = structlog.get_logger(__name__)

_PRUNE_S, _FIRST_PRUNE_S = 3600.0, 60.0
"""The first time comes after the start, which has other work."""


def pruning(settings: Settings, conversations: Conversations) -> Repeating:
    """Give what forgets, once an hour, what is not to be kept."""

    def prune() -> None:
        sessions, memories = conversations.prune(
            max_age_days=settings.session_max_age_days,
            max_per_agent=settings.session_max_per_agent,
        )
        if sessions or memories:
            log.info("conversations_pruned", sessions=sessions, memories=memories)

    return Repeating("prune", prune, every_s=_PRUNE_S, first_s=_FIRST_PRUNE_S)


def ending_interrupted(conversations: Conversations, cluster: Cluster) -> Repeating:
    """Give what ends the tasks that nobody works on any more."""

    def read_pod(namespace: str, name: str) -> Manifest | None:
        return cluster.client.get(ObjectKey("", "Pod", namespace, name), "v1")

    found = interruptions.Interruptions(
        conversations.tasks, place_of=place_of, pods=cluster.live.pods_in, read_pod=read_pod
    )
    every_s = interruptions.INTERVAL_S
    return Repeating("interruptions", found.visit, every_s=every_s, first_s=every_s)
