"""The composition root: the only place that constructs adapters from settings."""

import dataclasses
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import controller
from controller import tracing
from controller.a2a.gateway import Gateway
from controller.a2a.upstream import client as http_client
from controller.api import shell, stream
from controller.api.hosts import check_listen
from controller.api.kagent.callers import place_of
from controller.api.kagent.fleet import AUDIENCE, Fleet
from controller.api.kagent.shared import Shared
from controller.api.reach import Agents
from controller.api.serve import Server
from controller.api.services import Rendered, Services
from controller.cluster import upstream
from controller.cluster.client import Client
from controller.cluster.events import Recorder
from controller.cluster.inputs import Inputs
from controller.cluster.live import LiveState
from controller.cluster.logs import PodLogs
from controller.cluster.tokens import TokenReviews
from controller.definitions.catalog import Catalog
from controller.definitions.findings import Finding
from controller.errors import RosterError
from controller.health import expressions
from controller.objects import Manifest, ObjectKey
from controller.reconcile import interruptions, options
from controller.reconcile.inspection import Inspection
from controller.reconcile.loop import Loop
from controller.reconcile.origins import Origins
from controller.reconcile.reconciler import Reconciler
from controller.reconcile.revisions import Revision, Revisions
from controller.reconcile.semantics import Semantics
from controller.reconcile.tools import findings as tool_findings
from controller.reconcile.tools.reach import Reach
from controller.reconcile.tools.served import Servers
from controller.reconcile.tools.toolbox import Toolbox
from controller.reconcile.tools.watch import ToolWatch
from controller.reconcile.triggers import Poller, RepositoryWatch
from controller.reconcile.workqueue import Trigger, WorkQueue
from controller.render.options import RenderOptions
from controller.settings import Settings
from controller.source.address import Address
from controller.source.repository import Credentials, Repositories
from controller.state.conversations import Conversations
from controller.state.pruner import Pruner
from controller.state.records import (
    ApplicationRecord,
    ApplicationSpec,
    SyncRequest,
)
from controller.state.store import Store
from controller.state.toolservers import ToolServers
from controller.sync.executor import Executor

STOP_TIMEOUT_S = 10.0
DRIFT_DELAY_S = 0.05
"""Changes in the cluster come in bursts (a rollout is a dozen); one visit answers them all."""


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
        client = connect(settings)
        # After the loop and the watches, and before another process may have the state folder.
        started.callback(client.close)
        live = LiveState(client, namespace=settings.watch_namespace)
        live.start()
        started.callback(live.stop)
        inputs = Inputs(client)
        started.callback(inputs.stop)
        recorder = Recorder(client.connection, instance=socket.gethostname())
        recorder.start()
        started.callback(recorder.stop)
        queue = WorkQueue()
        records = ToolServers(settings.state_dir / "state")
        cluster = _Cluster(client=client, live=live, inputs=inputs, events=recorder)
        reconciler = _reconciler(settings, store, cluster, queue, records)
        tools = _toolbox(reconciler, records, queue)
        servers: list[Server] = []
        services = _services(
            settings, queue, reconciler, conversations, tools, own_url=lambda: servers[0].url
        )
        servers.extend(_servers(settings, services))
        for server in servers:
            server.start()
            started.callback(server.stop)
        pruner = _pruner(settings, conversations)
        pruner.start()
        started.callback(pruner.stop)
        watch = _interruptions(conversations, client, live)
        watch.start()
        started.callback(watch.stop)
        tools.watch.start()
        started.callback(tools.watch.stop)
        loop = Loop(queue, reconciler.visit, workers=settings.workers)
        loop.start()
        started.callback(loop.stop, STOP_TIMEOUT_S)
        live.subscribe(lambda _key, application: _drifted(queue, application))
        inputs.subscribe(lambda application: _drifted(queue, application))
        for trigger in _triggers(settings, store, queue):
            trigger.start()
            started.callback(trigger.stop)
        return App(
            store=store,
            reconciler=reconciler,
            queue=queue,
            url=servers[0].url,
            _started=started.pop_all(),
        )


def connect(settings: Settings) -> Client:
    """Give a client for the cluster that the settings name, else the one this runs in."""
    return Client.connect(
        settings.kubeconfig, settings.context, timeout_s=settings.cluster_timeout_s
    )


def repositories(settings: Settings) -> Repositories:
    """Give the git mirrors in the state folder, with the credentials of the settings."""
    token = settings.git_token.get_secret_value() if settings.git_token else ""
    credentials = Credentials(
        username=settings.git_username,
        token=token,
        ssh_key=settings.git_ssh_key,
        known_hosts=settings.git_known_hosts,
        ca_file=settings.git_ca_file,
    )
    return Repositories(settings.state_dir / "git", credentials=credentials)


def render_options(settings: Settings, spec: ApplicationSpec) -> RenderOptions:
    """Give what rendering needs to know of an application."""
    found = options.render_options(
        settings,
        application=spec.name,
        namespace=spec.namespace,
        annotations=spec.agent_annotations,
    )
    return dataclasses.replace(found, validation=spec.sync_policy.options.validation)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cluster:
    """One cluster: writes and questions, what is ours in it, what others contribute, and news."""

    client: Client
    live: LiveState
    inputs: Inputs
    events: Recorder


def _reconciler(
    settings: Settings, store: Store, cluster: _Cluster, queue: WorkQueue, records: ToolServers
) -> Reconciler:
    def observed(name: str, catalog: Catalog) -> tuple[Finding, ...]:
        record = store.application(name)
        return tool_findings.of(record, catalog, records.all()) if record else ()

    assess = expressions.assessor(settings.health_checks)
    return Reconciler(
        store=store,
        revisions=Revisions(
            repositories=repositories(settings),
            options=lambda spec: render_options(settings, spec),
            look=cluster.inputs.look,
        ),
        client=cluster.client,
        live=cluster.live,
        executor=Executor(
            cluster.client,
            cluster.live,
            health_timeout_s=settings.health_timeout_s,
            concurrency=settings.apply_concurrency,
            assess=assess,
        ),
        judge=assess,
        tell=cluster.events.record,
        now=lambda: datetime.now(UTC),
        pending=queue.pending,
        stopping=lambda: queue.is_shut_down,
        observed=observed,
    )


def _toolbox(reconciler: Reconciler, records: ToolServers, queue: WorkQueue) -> Toolbox:
    servers = Servers(reconciler.store.applications, reconciler.catalog)
    reach = Reach(client=reconciler.client, namespaces=servers.namespaces)
    watch = ToolWatch(
        servers,
        reach.way,
        records,
        now=reconciler.now,
        changed=lambda application: queue.add(application, trigger=Trigger.DRIFT),
    )
    return Toolbox(servers=servers, records=records, watch=watch, catalog=reconciler.catalog)


def _services(  # noqa: PLR0913 - the parts of the controller that the API shows
    settings: Settings,
    queue: WorkQueue,
    reconciler: Reconciler,
    conversations: Conversations,
    tools: Toolbox,
    *,
    own_url: Callable[[], str],
) -> Services:
    def sync(name: str, request: SyncRequest) -> ApplicationRecord:
        accepted = reconciler.request(name, request)
        queue.add(name, trigger=Trigger.MANUAL)
        return accepted

    inspection = Inspection(
        store=reconciler.store,
        revisions=reconciler.revisions,
        client=reconciler.client,
        live=reconciler.live,
        memory=reconciler.memory,
        find_paths=reconciler.find_paths,
    )
    origins = Origins(repositories=reconciler.revisions.repositories)
    fleet = Fleet(
        applications=reconciler.store.applications,
        live_object=reconciler.live.get,
        tokens=TokenReviews(reconciler.client, audience=AUDIENCE),
    )
    return Services(
        store=reconciler.store,
        queue=queue,
        plan=reconciler.plan,
        semantic=Semantics(store=reconciler.store, revisions=reconciler.revisions).between,
        live_object=reconciler.live.get,
        comparison=inspection.comparison,
        children=reconciler.live.children,
        read=reconciler.client.get,
        events=lambda namespace, uid: reconciler.client.events(namespace, uid=uid),
        rendered=lambda name, target: _rendered(inspection.revision(name, target)),
        origin=origins.find,
        scrubber=inspection.scrubber,
        sync=sync,
        revert=reconciler.revisions.revert,
        ready=reconciler.ready,
        webhook_secrets=_webhook_secrets(settings),
        version=controller.__version__,
        logs=PodLogs(reconciler.client, lambda: http_client(upstream.tls(reconciler.client))),
        conversations=conversations,
        catalog=reconciler.catalog,
        knows_agent=fleet.knows,
        agent_revision=fleet.revision,
        verify_agent=fleet.verify if settings.require_agent_tokens else None,
        gateway=_gateway(settings, reconciler, conversations),
        tools=tools,
        own_url=own_url,
        mcp_sync=settings.mcp_sync,
    )


def _servers(settings: Settings, services: Services) -> Iterator[Server]:
    """Give the server for people, and that for agents of a cluster if there is to be one."""
    host, port = settings.address
    yield Server(
        shell.create(services), host=host, port=port, insecure_listen=settings.insecure_listen
    )
    if settings.agent_address is not None:
        host, port = settings.agent_address
        yield Server(shell.create_for_agents(services), host=host, port=port, asks_everyone=True)


def _gateway(settings: Settings, reconciler: Reconciler, conversations: Conversations) -> Gateway:
    client = reconciler.client
    agents = Agents(reconciler.store.applications, client, reconciler.catalog)
    return Gateway(
        agents.find,
        lambda: http_client(upstream.tls(client)),
        find_link=Shared(conversations.sessions, conversations.tasks).find,
        max_open=settings.agent_requests,
        is_stopping=stream.is_stopping,
    )


def _rendered(revision: Revision) -> Rendered:
    components = revision.desired.rendered.components
    return Rendered(
        revision=revision.commit.revision,
        manifests=[manifest for component in components for manifest in component.manifests],
    )


def _pruner(settings: Settings, conversations: Conversations) -> Pruner:
    return Pruner(
        lambda: conversations.prune(
            max_age_days=settings.session_max_age_days,
            max_per_agent=settings.session_max_per_agent,
        )
    )


def _interruptions(
    conversations: Conversations, client: Client, live: LiveState
) -> interruptions.Watch:
    def read_pod(namespace: str, name: str) -> Manifest | None:
        return client.get(ObjectKey("", "Pod", namespace, name), "v1")

    found = interruptions.Interruptions(
        conversations.tasks, place_of=place_of, pods=live.pods_in, read_pod=read_pod
    )
    return interruptions.Watch(found.visit)


def _webhook_secrets(settings: Settings) -> Mapping[str, str]:
    given = {
        "github": settings.webhook_secret_github,
        "gitlab": settings.webhook_secret_gitlab,
        "gitea": settings.webhook_secret_gitea,
    }
    return {forge: secret.get_secret_value() for forge, secret in given.items() if secret}


def _register(store: Store, applications: Iterable[ApplicationSpec]) -> None:
    """Make the database hold exactly these applications, with what it knows of them already."""
    specs = {spec.name: spec for spec in applications}
    for record in store.applications():
        if record.spec.name not in specs:
            store.remove(record.spec.name)
    for name, spec in specs.items():
        record = store.application(name) or ApplicationRecord(spec=spec)
        store.put(record.model_copy(update={"spec": spec}))


def _drifted(queue: WorkQueue, application: str) -> None:
    queue.add(application, trigger=Trigger.DRIFT, delay_s=DRIFT_DELAY_S)


def local_folder(url: str) -> Path | None:
    """Give the folder of a repository on this machine; None for others, and for wrong addresses.

    A wrong address is not this function's to report: the first visit says what is wrong with it.
    """
    try:
        return Address.parse(url).path
    except RosterError:
        return None


def _triggers(
    settings: Settings, store: Store, queue: WorkQueue
) -> Iterator[Poller | RepositoryWatch]:
    """What asks for visits beside the cluster's events and the API."""
    names: list[str] = []
    by_folder: dict[Path, list[str]] = {}
    for record in store.applications():
        name, url = record.spec.name, record.spec.repo_url
        names.append(name)
        queue.add(name, trigger=Trigger.STARTUP)
        folder = local_folder(url)
        if folder is not None:
            by_folder.setdefault(folder, []).append(name)
    yield Poller(queue, lambda: names, interval_s=settings.poll_interval_s)
    for folder, followers in by_folder.items():
        yield RepositoryWatch(queue, folder, partial(tuple, followers))
