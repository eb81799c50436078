"""`roster up`: everything on one machine. Local cluster, example repository, controller."""

import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from controller.cli.local import folder as cluster_folder
from controller.cli.local import log_file
from controller.cli.options import ConfigFile, Listen, LogLevel, StateDir, settings_from
from controller.cli.output import console
from controller.cli.progress import Progress
from controller.cli.signals import Signals

if TYPE_CHECKING:
    from controller.settings import Settings
    from controller.state.records import ApplicationSpec

APPLICATION = "examples"
NAMESPACE = "agents"
PATH = "agents"
"""The folder of the example repository that is followed; beside it lie its README and schemas."""


def up(
    state_dir: StateDir = None,
    listen: Listen = None,
    config: ConfigFile = None,
    log_level: LogLevel = None,
) -> None:
    """Run Roster on this machine: a local cluster, the example agents, the dashboard.

    Needs no Kubernetes and no account. Ctrl-C stops everything; the next start continues there.

    Example: roster up
    """
    loaded = settings_from(config, state_dir=state_dir, listen=listen, log_level=log_level)
    settings = loaded.settings.model_copy(
        update={"state_dir": loaded.settings.state_dir.absolute()}
    )
    signals = Signals()
    with ExitStack() as started:
        _run(settings, signals, started)


def _run(settings: "Settings", signals: Signals, started: ExitStack) -> None:
    from controller import telemetry
    from controller.app import startup
    from controller.source import seed

    settings.state_dir.mkdir(parents=True, exist_ok=True)
    # The terminal belongs to the progress of the agents.
    log = started.enter_context((settings.state_dir / "roster.log").open("a", encoding="utf-8"))
    telemetry.configure_logging(level=settings.log_level, form="json", stream=log)
    repository = settings.state_dir / "agents"
    seed.create(repository, examples())
    kubeconfig = started.enter_context(_cluster(settings))
    listen = _with_port(settings.listen)
    on_cluster = settings.model_copy(
        update={
            "kubeconfig": kubeconfig,
            "context": None,
            "listen": listen,
            # Pods of the local cluster are processes on this machine: loopback is near.
            "controller_url": f"http://{listen}",
        }
    )
    running = startup.start(on_cluster, [_application(repository)])
    started.callback(running.stop)
    progress = Progress(running.applications)
    started.callback(progress.stop)
    progress.start()
    with suppress(KeyboardInterrupt):
        if not progress.wait_until_settled():
            console().print("Not everything is healthy yet; the lines above say what it waits for.")
        _say_what_next(running.url, repository, kubeconfig)
        signals.wait()
    console().print("Stopping …")


def _with_port(listen: str) -> str:
    """Choose the port now where it is 0: agents are told of it before anything listens there."""
    host, _, port = listen.rpartition(":")
    if port != "0":
        return listen
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host.strip("[]"), 0))
        return f"{host}:{probe.getsockname()[1]}"


@contextmanager
def _cluster(settings: "Settings") -> Iterator[Path]:
    from controller.local import supervisor

    folder = cluster_folder(settings.state_dir)
    before = supervisor.status(folder)
    running = supervisor.start(folder, log=log_file(settings.state_dir), die_with_parent=True)
    try:
        yield running.kubeconfig
    finally:
        # One that ran before belongs to somebody else: `roster local up`, or another `roster up`.
        if before is None:
            supervisor.stop(folder)


def _application(repository: Path) -> "ApplicationSpec":
    from controller.state.records import ApplicationSpec, SyncPolicy

    return ApplicationSpec(
        name=APPLICATION,
        repo_url=str(repository),
        target_revision="main",
        path=PATH,
        namespace=NAMESPACE,
        sync_policy=SyncPolicy(prune=True, create_namespace=True),
    )


def examples() -> Path:
    """Give the folder of the example repository, in a checkout or in an installed wheel."""
    package = Path(__file__).parents[1]
    installed = package / "_examples"
    return installed if installed.is_dir() else package.parent / "examples-repo"


def _say_what_next(url: str, repository: Path, kubeconfig: Path) -> None:
    out = console()
    out.print()
    out.print(f"Dashboard   {url}", markup=False)
    out.print(f"Repository  {repository}", markup=False)
    out.print(f"Cluster     export KUBECONFIG={kubeconfig}", markup=False)
    out.print()
    out.print("Try: talk to an agent,")
    out.print(f"  {_command()} agent chat front-desk{_server(url)}", markup=False)
    out.print("or edit one, commit, and watch it roll out:")
    out.print(f"  cd {repository}", markup=False)
    out.print("  $EDITOR agents/note-keeper.yaml  &&  git commit -am 'Change an agent'")
    out.print("Ctrl-C stops everything; the next start continues here.")


def _command() -> str:
    """Give this command as the user can type it: the virtual environment need not be active."""
    command = Path(sys.argv[0])
    if command.name != "roster" or shutil.which("roster") == str(command):
        return "roster"
    here = Path.cwd()
    return str(command.relative_to(here) if command.is_relative_to(here) else command)


def _server(url: str) -> str:
    """Give the option that other verbs need to find an address that is not the default.

    The built-in default: another terminal shares neither this one's environment nor its folder.
    """
    from controller.settings import Settings

    default = f"http://{Settings.model_fields['listen'].default}"
    return "" if url == default else f" --server {url}"
