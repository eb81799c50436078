"""The root of the command line: verbs, exit codes, and errors as sentences.

Exit codes: 0 done, 1 it failed or there are errors to correct, 2 wrong usage, also of names that do
not exist, 130 Ctrl-C. `diff` and `wait` keep 1 for their answer, a difference or time that is up:
any error is 2 there.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import typer
import typer.core

from controller.cli import (
    agents,
    apps,
    automation,
    checks,
    diff,
    inspecting,
    local,
    logs,
    mcp,
    objects,
    run,
    sessions,
    talking,
    tools,
    up,
)
from controller.cli.output import print_error
from controller.errors import PermanentError, RosterError, UsageError

app = typer.Typer(
    name="roster",
    help="GitOps for AI agents on Kubernetes: agents live in git, Roster keeps the cluster so.",
    epilog="Start with `roster up`: it needs no cluster and no account.\n\n"
    "Exit codes: 0 done; 1 failed, or errors to correct; 2 wrong usage or no such name. "
    "`diff` and `wait`: 1 different, or not in time; 2 any error.",
    no_args_is_help=True,
    # Not "rich": it would take `[namespace/]server` for a style.
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("up")(up.up)
app.command("run")(run.run)
app.command("validate")(checks.validate)
app.command("render")(checks.render)
app.command("diff")(diff.diff)
app.command("sync")(apps.sync)
for verb, command in (
    ("diff", objects.diff),
    ("resources", objects.resources),
    ("tree", objects.tree),
    ("manifests", objects.manifests),
    ("events", objects.events),
    ("logs", logs.app_logs),
    ("wait", automation.wait),
    ("suspend", automation.suspend),
    ("resume", automation.resume),
    ("terminate", automation.terminate),
):
    apps.app.command(verb)(command)
agents.app.command("invoke")(talking.invoke)
agents.app.command("chat")(talking.chat)
agents.app.command("logs")(logs.agent_logs)
app.add_typer(apps.app, name="app")
app.add_typer(agents.app, name="agent")
app.add_typer(sessions.app, name="session")
app.add_typer(tools.app, name="tool")
app.add_typer(local.app, name="local")
app.command("mcp")(mcp.mcp)
app.command("install")(inspecting.install)
app.command("settings")(inspecting.settings)
app.command("explain")(inspecting.explain)
app.command("schema")(inspecting.schema)
app.command("version")(inspecting.version)


def _command() -> Callable[[list[str]], object]:
    """Give the command line with flags that look like flags: typer calls them `--prune <bool>`."""
    found = typer.main.get_command(app)
    for verb in _verbs(found):
        for parameter in verb.params:
            if isinstance(parameter, typer.core.TyperOption) and parameter.is_bool_flag:
                parameter.metavar = ""
    return found


def _verbs(of: Any) -> Iterator[Any]:
    yield of
    for verb in getattr(of, "commands", {}).values():
        yield from _verbs(verb)


def run_command(arguments: Sequence[str]) -> int:
    """Run one command and give its exit code; errors are printed, never raised."""
    try:
        _command()(list(arguments))
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except UsageError as error:
        print_error(error)
        return 2
    except RosterError as error:
        print_error(error)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (head, a closed pager) has what it wanted; keep Python from complaining.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        if error.filename is None:
            raise  # of no file that the user named: its traceback tells more
        print_error(PermanentError(f"{error.filename} cannot be used: {error.strerror}."))
        return 1
    return 0
