"""Verbs that tell about Roster itself: settings, rules, schemas, version, its own manifests."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller import __version__
from controller.cli import complete
from controller.cli.options import ConfigFile, Output, settings_from
from controller.cli.output import Format, console, print_line, print_prose, print_table, show
from controller.errors import UsageError

if TYPE_CHECKING:
    from controller.definitions.rules import Rule


def settings(config: ConfigFile = None, output: Output = Format.TABLE) -> None:
    """Print every setting: its value, where that came from, and what it means."""
    from controller.settings import Settings, shown

    loaded = settings_from(config)
    values = shown(loaded.settings)
    meanings = {name: field.description or "" for name, field in Settings.model_fields.items()}
    rows = [
        {"name": name, "value": value, "origin": loaded.origins[name], "meaning": meanings[name]}
        for name, value in values.items()
    ]
    cells = [(row["name"], row["value"], row["origin"], row["meaning"]) for row in rows]

    def text(_: bool) -> None:
        print_table(["setting", "value", "from", "meaning"], cells)

    show(output, rows, names=values, text=text)


def explain(
    rule: Annotated[
        str | None,
        typer.Argument(help="A rule id, such as unknown-field.", autocompletion=complete.rules),
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """Explain a finding's rule, or list all rules.

    Example: roster explain secret-in-git
    """
    from controller.definitions import suggest
    from controller.definitions.rules import RULES

    if rule is not None and rule not in RULES:
        near = suggest.nearest(rule, RULES)
        hint = f"Did you mean {near!r}? " if near else ""
        raise UsageError(f"There is no rule {rule!r}.", remedy=f"{hint}`roster explain` lists all.")
    chosen = [RULES[rule]] if rule else list(RULES.values())

    def text(_: bool) -> None:
        if rule is None:
            print_table(["rule", "meaning"], [(item.id, item.summary) for item in chosen])
        else:
            _print_rule(chosen[0])

    data = [dataclasses.asdict(item) for item in chosen]
    show(output, data[0] if rule else data, names=(item.id for item in chosen), text=text)


def _print_rule(rule: "Rule") -> None:
    from rich.text import Text

    for paragraph in (f"{rule.id}: {rule.summary}", "", rule.explanation):
        print_prose(Text(paragraph), console())


def schema(
    folder: Annotated[Path, typer.Argument(help="Where to write the JSON Schemas.")] = Path(
        ".schemas"
    ),
) -> None:
    """Write JSON Schemas, with which editors complete and check definitions.

    Example: roster schema .schemas
    """
    from controller.definitions.export import json_schemas

    folder.mkdir(parents=True, exist_ok=True)
    for name, content in json_schemas().items():
        (folder / name).write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
        sys.stdout.write(f"{folder / name}\n")


def install(
    repo: Annotated[str, typer.Option("--repo", help="URL of the agents repository.")],
    path: Annotated[str, typer.Option("--path", help="Folder in it.")] = ".",
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", help="Namespace of the agents.")
    ] = "agents",
    image: Annotated[str, typer.Option("--image", help="Image of Roster.")] = (
        f"roster:{__version__}"
    ),
) -> None:
    """Print the manifests that run Roster in a cluster.

    Example: roster install --repo https://git.example/agents.git | kubectl apply -f -
    """
    from controller.cli import manifests

    sys.stdout.write(manifests.install(repo=repo, path=path, namespace=namespace, image=image))


def version(output: Output = Format.TABLE) -> None:
    """Print the version."""
    data = {"version": __version__, "python": sys.version.split()[0]}
    show(output, data, names=[__version__], text=lambda _: print_line(f"roster {__version__}"))
