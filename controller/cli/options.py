"""Options that several verbs share, and the settings they lead to."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.output import Format

if TYPE_CHECKING:
    from controller.settings import Loaded

StateDir = Annotated[
    Path | None,
    typer.Option("--state-dir", help="Folder for database, git mirrors and local cluster."),
]
Listen = Annotated[
    str | None, typer.Option("--listen", help="Address of API and dashboard, as host:port.")
]
InsecureListen = Annotated[
    bool | None,
    typer.Option("--insecure-listen", help="Allow an address other than loopback without sign-in."),
]
Kubeconfig = Annotated[Path | None, typer.Option("--kubeconfig", help="Kubeconfig to use.")]
Context = Annotated[str | None, typer.Option("--context", help="Context in the kubeconfig.")]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Settings and applications.", metavar="roster.yaml")
]
LogLevel = Annotated[str | None, typer.Option("--log-level", help="debug, info, warning or error.")]
Output = Annotated[Format, typer.Option("--output", "-o", help="How to print the result.")]
Server = Annotated[
    str | None,
    typer.Option("--server", help="Address of a running Roster.", envvar="ROSTER_SERVER"),
]
Namespace = Annotated[
    str | None,
    typer.Option(
        "--namespace",
        "-n",
        help="Namespace of definitions that name none; else that of the folder's application in "
        "roster.yaml, else `default`.",
    ),
]


def settings_from(config: Path | None = None, **flags: object) -> "Loaded":
    """Merge flags with environment, file and defaults.

    Raises:
        UsageError: one of them is wrong.
    """
    from controller.settings import load

    return load(flags=flags, environ=os.environ, file=config)
