"""`roster run`: the controller, on the cluster of a kubeconfig or the one it runs in."""

from typing import Annotated, Literal

import typer

from controller.cli import specs
from controller.cli.options import (
    ConfigFile,
    Context,
    InsecureListen,
    Kubeconfig,
    Listen,
    LogLevel,
    StateDir,
    settings_from,
)
from controller.cli.output import console
from controller.cli.signals import Signals
from controller.errors import UsageError


def run(
    repo: Annotated[
        str | None, typer.Option("--repo", help="https, ssh or file URL, or path, of a repository.")
    ] = None,
    path: Annotated[str, typer.Option("--path", help="Folder in the repository.")] = ".",
    revision: Annotated[
        str, typer.Option("--revision", help="Branch, tag or commit to follow.")
    ] = "HEAD",
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", help="Namespace of the agents.")
    ] = "default",
    name: Annotated[str, typer.Option("--name", help="Name of the application.")] = "agents",
    templates: Annotated[
        str, typer.Option("--templates", help="Folder in the repository with own templates.")
    ] = "",
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete objects whose definition left git.")
    ] = False,
    create_namespace: Annotated[
        bool, typer.Option("--create-namespace", help="Make the namespace where it is missing.")
    ] = False,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Take over objects that exist and belong to nobody.")
    ] = False,
    mode: Annotated[
        Literal["enforce", "warn", "manual"],
        typer.Option(
            "--mode",
            help="What happens by itself: `enforce` applies commits and corrects drift, `warn` "
            "only tells what differs, `manual` waits for `roster sync`.",
        ),
    ] = "enforce",
    config: ConfigFile = None,
    state_dir: StateDir = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    listen: Listen = None,
    insecure_listen: InsecureListen = None,
    log_level: LogLevel = None,
) -> None:
    """Run the controller: follow repositories, and keep a cluster as they say.

    Applications come from --repo with the options beside it, or from documents of kind
    Application in roster.yaml, which say the same and more.

    Example: roster run --repo https://git.example/agents.git --path agents --namespace agents
    """
    from controller import telemetry
    from controller.app import startup
    from controller.state.records import ApplicationSpec, SyncPolicy

    loaded = settings_from(
        config,
        state_dir=state_dir,
        kubeconfig=kubeconfig,
        context=context,
        listen=listen,
        insecure_listen=insecure_listen,
        log_level=log_level,
    )
    telemetry.configure_logging(level=loaded.settings.log_level, form=loaded.settings.log_format)
    applications = specs.from_file(config)
    if repo is not None:
        policy = SyncPolicy(
            automated=mode == "enforce",
            warn=mode == "warn",
            prune=prune,
            create_namespace=create_namespace,
            adopt=adopt,
        )
        applications = (
            ApplicationSpec(
                name=name,
                repo_url=repo,
                target_revision=revision,
                path=path,
                namespace=namespace,
                templates=templates,
                sync_policy=policy,
            ),
            *(spec for spec in applications if spec.name != name),
        )
    if not applications:
        raise UsageError(
            "There is no application to run.",
            remedy="Name a repository with --repo, or write an Application into roster.yaml.",
        )
    signals = Signals()
    running = startup.start(loaded.settings, applications)
    try:
        console().print(f"Dashboard   {running.url}", markup=False)
        signals.wait()
    except KeyboardInterrupt:
        pass
    finally:
        running.stop()
