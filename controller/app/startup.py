"""A running controller: what begins after what, and ends in the opposite order."""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

import controller
from controller import tracing
from controller.api.hosts import check_listen
from controller.api.serve import Server
from controller.app import clusters, reconciling, serving, upkeep, visits
from controller.reconcile.loop import Loop
from controller.reconcile.reconciler import Reconciler
from controller.reconcile.workqueue import WorkQueue
from controller.settings import Settings
from controller.state.conversations import Conversations
from controller.state.records import ApplicationRecord, ApplicationSpec
from controller.state.store import Store
from controller.state.toolservers import ToolServers

STOP_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A running controller."""

    store: Store
    reconciler: Reconciler
    queue: WorkQueue
    url: str
    """Address of the dashboard."""
    _started: ExitStack

    def applications(self) -> tuple[ApplicationRecord, ...]:
        """Every application with its status."""
        return self.store.applications()

    def stop(self) -> None:
        """Take no more work, let what runs come to an end, and close everything."""
        self._started.close()


class _Part(Protocol):
    """What works in threads of its own."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


def start(settings: Settings, applications: Iterable[ApplicationSpec]) -> App:
    """Construct the controller and set it going on these applications.

    Raises:
        RosterError: the state folder is in use, the cluster cannot be reached, or the address is
            refused; what was started before is stopped again.
    """
    check_listen(settings.address[0], insecure_listen=settings.insecure_listen)
    with ExitStack() as started:
        started.callback(tracing.configure(controller.__version__))
        store = started.enter_context(Store(settings.state_dir / "state"))
        _register(store, applications)
        conversations = Conversations(settings.state_dir / "state" / "conversations")
        started.callback(conversations.close)
        cluster = clusters.start(settings, started)
        queue = WorkQueue()
        records = ToolServers(settings.state_dir / "state")
        reconciler = reconciling.reconciler(settings, store, cluster, queue, records)
        tools = reconciling.toolbox(reconciler, records, queue)
        servers: list[Server] = []
        services = serving.services(
            settings, queue, reconciler, conversations, tools, own_url=lambda: servers[0].url
        )
        servers.extend(serving.servers(settings, services))
        parts: tuple[_Part, ...] = (
            *servers,
            upkeep.pruning(settings, conversations),
            upkeep.ending_interrupted(conversations, cluster),
            tools.watch,
        )
        for part in parts:
            _begin(part, started)
        loop = Loop(queue, reconciler.visit, workers=settings.workers)
        loop.start()
        started.callback(loop.stop, STOP_TIMEOUT_S)
        visits.follow(cluster, queue)
        for trigger in visits.triggers(settings, store, queue):
            _begin(trigger, started)
        return App(
            store=store,
            reconciler=reconciler,
            queue=queue,
            url=servers[0].url,
            _started=started.pop_all(),
        )


def _begin(part: _Part, started: ExitStack) -> None:
    part.start()
    started.callback(part.stop)


def _register(store: Store, applications: Iterable[ApplicationSpec]) -> None:
    """Make the database hold exactly these applications, with what it knows of them already."""
    specs = {spec.name: spec for spec in applications}
    for record in store.applications():
        if record.spec.name not in specs:
            store.remove(record.spec.name)
    for name, spec in specs.items():
        record = store.application(name) or ApplicationRecord(spec=spec)
        store.put(record.model_copy(update={"spec": spec}))
