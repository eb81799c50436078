"""What asks for visits to applications, beside the API: time, pushes into folders, the cluster."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from controller.app.clusters import Cluster
from controller.errors import RosterError
from controller.reconcile.triggers import Poller, RepositoryWatch
from controller.reconcile.workqueue import Trigger, WorkQueue
from controller.settings import Settings
from controller.source.address import Address
from controller.state.store import Store

DRIFT_DELAY_S = 0.05
"""Changes in the cluster come in bursts (a rollout is a dozen); one visit answers them all."""


def follow(cluster: Cluster, queue: WorkQueue) -> None:
    """Visit an application when something of it changes in the cluster."""
    cluster.live.subscribe(lambda _key, application: _drifted(queue, application))
    cluster.inputs.subscribe(lambda application: _drifted(queue, application))


def triggers(
    settings: Settings, store: Store, queue: WorkQueue
) -> Iterator[Poller | RepositoryWatch]:
    """Ask for a first visit to each application, and give what asks for more."""
    names: list[str] = []
    by_folder: dict[Path, list[str]] = {}
    for record in store.applications():
        name, url = record.spec.name, record.spec.repo_url
        names.append(name)
        queue.add(name, trigger=Trigger.STARTUP)
        folder = _local_folder(url)
        if folder is not None:
            by_folder.setdefault(folder, []).append(name)
    yield Poller(queue, lambda: names, interval_s=settings.poll_interval_s)
    for folder, followers in by_folder.items():
        yield RepositoryWatch(queue, folder, partial(tuple, followers))


def _local_folder(url: str) -> Path | None:
    """Give the folder of a repository on this machine; None for others, and for wrong addresses.

    A wrong address is not this function's to report: the first visit says what is wrong with it.
    """
    try:
        return Address.parse(url).path
    except RosterError:
        return None


def _drifted(queue: WorkQueue, application: str) -> None:
    queue.add(application, trigger=Trigger.DRIFT, delay_s=DRIFT_DELAY_S)
