"""What looks after conversations while nobody asks: retention, and tasks whose process died."""

from controller.api.kagent.callers import place_of
from controller.app.clusters import Cluster
from controller.objects import Manifest, ObjectKey
from controller.reconcile import interruptions
from controller.settings import Settings
from controller.state.conversations import Conversations
from controller.state.pruner import Pruner


def pruner(settings: Settings, conversations: Conversations) -> Pruner:
    """Give what forgets old sessions."""
    return Pruner(
        lambda: conversations.prune(
            max_age_days=settings.session_max_age_days,
            max_per_agent=settings.session_max_per_agent,
        )
    )


def interruption_watch(conversations: Conversations, cluster: Cluster) -> interruptions.Watch:
    """Give what ends the tasks that nobody works on any more."""

    def read_pod(namespace: str, name: str) -> Manifest | None:
        return cluster.client.get(ObjectKey("", "Pod", namespace, name), "v1")

    found = interruptions.Interruptions(
        conversations.tasks, place_of=place_of, pods=cluster.live.pods_in, read_pod=read_pod
    )
    return interruptions.Watch(found.visit)
