"""Verbs about the local cluster by itself."""

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.options import Output, StateDir, settings_from
from controller.cli.output import Format, console, print_data
from controller.errors import UsageError

app = typer.Typer(help="The local cluster: a small Kubernetes API that runs pods as processes.")


def folder(state_dir: Path | None) -> Path:
    """Give the local cluster's folder inside the state folder."""
    return settings_from(state_dir=state_dir).settings.state_dir.absolute() / "cluster"


def log_file(state_dir: Path | None) -> Path:
    """Give the file that the local cluster logs to."""
    return folder(state_dir) / "cluster.log"


@app.command("up")
def up(state_dir: StateDir = None) -> None:
    """Start the local cluster in the background.

    Example: roster local up && export KUBECONFIG=$(roster local kubeconfig)
    """
    from controller.local import supervisor

    running = supervisor.start(folder(state_dir), log=log_file(state_dir))
    console().print(f"The local cluster runs at {running.url}.", markup=False)
    console().print(f"  export KUBECONFIG={running.kubeconfig}", markup=False)


@app.command("down")
def down(state_dir: StateDir = None) -> None:
    """Stop the local cluster and everything that runs in it; its state stays."""
    from controller.local import supervisor

    supervisor.stop(folder(state_dir))
    console().print("The local cluster is stopped.")


@app.command("status")
def status(state_dir: StateDir = None, output: Output = Format.TABLE) -> None:
    """Tell whether the local cluster runs; exit code 1 where it does not."""
    from controller.local import supervisor

    found = supervisor.status(folder(state_dir))
    shown = {
        "running": found is not None,
        "pid": found.pid if found else None,
        "url": found.url if found else None,
        "kubeconfig": str(found.kubeconfig) if found else None,
    }
    if output in {Format.JSON, Format.YAML}:
        print_data(shown, output)
    elif found:
        console().print(f"running: pid {found.pid}, {found.url}", markup=False)
    else:
        console().print("not running")
    raise typer.Exit(0 if found else 1)


@app.command("reset")
def reset(
    state_dir: StateDir = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Stop the local cluster and delete everything in it."""
    from controller.local import supervisor

    if not yes:
        typer.confirm(f"Delete everything in {folder(state_dir)}?", abort=True)
    supervisor.reset(folder(state_dir))
    console().print("The local cluster is empty.")


@app.command("kubeconfig")
def kubeconfig(state_dir: StateDir = None) -> None:
    """Print the path of the kubeconfig, for `export KUBECONFIG=$(roster local kubeconfig)`."""
    path = folder(state_dir) / "kubeconfig"
    if not path.exists():
        raise UsageError("There is no local cluster yet.", remedy="Start it: roster local up")
    sys.stdout.write(f"{path}\n")


@app.command("logs")
def logs(state_dir: StateDir = None) -> None:
    """Print what the local cluster logged."""
    path = log_file(state_dir)
    if not path.exists():
        raise UsageError("There is no log yet.", remedy="Start the cluster: roster local up")
    with path.open() as log:
        shutil.copyfileobj(log, sys.stdout)
