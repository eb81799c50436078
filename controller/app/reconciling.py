"""What reconciles applications: with their repositories, the cluster, and the tools they use."""

import dataclasses
from datetime import UTC, datetime

from controller.app.clusters import Cluster
from controller.definitions.catalog import Catalog
from controller.definitions.findings import Finding
from controller.health import expressions
from controller.reconcile import options
from controller.reconcile.reconciler import Reconciler
from controller.reconcile.revisions import Revisions
from controller.reconcile.tools import findings as tool_findings
from controller.reconcile.tools.reach import Reach
from controller.reconcile.tools.served import Servers
from controller.reconcile.tools.toolbox import Toolbox
from controller.reconcile.tools.watch import ToolWatch
from controller.reconcile.workqueue import Trigger, WorkQueue
from controller.render.options import RenderOptions
from controller.settings import Settings
from controller.source.repository import Credentials, Repositories
from controller.state.records import ApplicationSpec
from controller.state.store import Store
from controller.state.toolservers import ToolServers
from controller.sync.executor import Executor


def reconciler(
    settings: Settings, store: Store, cluster: Cluster, queue: WorkQueue, records: ToolServers
) -> Reconciler:
    """Give what visits applications; nothing runs by itself."""

    def observed(name: str, catalog: Catalog) -> tuple[Finding, ...]:
        record = store.application(name)
        return tool_findings.of(record, catalog, records.all()) if record else ()

    assess = expressions.assessor(settings.health_checks)
    return Reconciler(
        store=store,
        revisions=Revisions(
            repositories=_repositories(settings),
            options=lambda spec: _render_options(settings, spec),
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


def toolbox(reconciler: Reconciler, records: ToolServers, queue: WorkQueue) -> Toolbox:
    """Give what knows the tools of all applications; its watch is still to be started."""
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


def _repositories(settings: Settings) -> Repositories:
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


def _render_options(settings: Settings, spec: ApplicationSpec) -> RenderOptions:
    """Give what rendering needs to know of an application."""
    found = options.render_options(
        settings,
        application=spec.name,
        namespace=spec.namespace,
        annotations=spec.agent_annotations,
    )
    return dataclasses.replace(found, validation=spec.sync_policy.options.validation)
