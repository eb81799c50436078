"""What people, agents and other programs reach: the API with what it shows, and its addresses."""

from collections.abc import Callable, Iterator, Mapping

import controller
from controller.a2a.gateway import Gateway
from controller.a2a.upstream import client as http_client
from controller.api import shell, stream
from controller.api.kagent.fleet import AUDIENCE, Fleet
from controller.api.kagent.shared import Shared
from controller.api.reach import Agents
from controller.api.serve import Server
from controller.api.services import Rendered, Services
from controller.cluster import upstream
from controller.cluster.logs import PodLogs
from controller.cluster.tokens import TokenReviews
from controller.reconcile.inspection import Inspection
from controller.reconcile.origins import Origins
from controller.reconcile.reconciler import Reconciler
from controller.reconcile.revisions import Revision
from controller.reconcile.semantics import Semantics
from controller.reconcile.tools.toolbox import Toolbox
from controller.reconcile.workqueue import Trigger, WorkQueue
from controller.settings import Settings
from controller.state.conversations import Conversations
from controller.state.records import ApplicationRecord, SyncRequest


def servers(settings: Settings, services: Services) -> Iterator[Server]:
    """Give the server for people, and that for agents of a cluster if there is to be one."""
    host, port = settings.address
    yield Server(
        shell.create(services), host=host, port=port, insecure_listen=settings.insecure_listen
    )
    if settings.agent_address is not None:
        host, port = settings.agent_address
        yield Server(shell.create_for_agents(services), host=host, port=port, asks_everyone=True)


def services(  # noqa: PLR0913 - the parts of the controller that the API shows
    settings: Settings,
    queue: WorkQueue,
    reconciler: Reconciler,
    conversations: Conversations,
    tools: Toolbox,
    *,
    own_url: Callable[[], str],
) -> Services:
    """Give what the API shows; `own_url` gives the dashboard's address, once it has one."""

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


def _webhook_secrets(settings: Settings) -> Mapping[str, str]:
    given = {
        "github": settings.webhook_secret_github,
        "gitlab": settings.webhook_secret_gitlab,
        "gitea": settings.webhook_secret_gitea,
    }
    return {forge: secret.get_secret_value() for forge, secret in given.items() if secret}
