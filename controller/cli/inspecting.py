"""Verbs that tell about Roster itself: settings, rules, schemas, version, its own manifests."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from controller import __version__
from controller.cli.options import ConfigFile, Output, settings_from
from controller.cli.output import Format, print_data, print_table
from controller.errors import UsageError


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
    if output in {Format.JSON, Format.YAML}:
        print_data(rows, output)
        return
    print_table(
        ["setting", "value", "from", "meaning"],
        [(row["name"], row["value"], row["origin"], row["meaning"]) for row in rows],
    )


def explain(
    rule: Annotated[str | None, typer.Argument(help="A rule id, such as unknown-field.")] = None,
) -> None:
    """Explain a finding's rule, or list all rules.

    Example: roster explain secret-in-git
    """
    from controller.definitions.rules import RULES

    if rule is None:
        print_table(["rule", "meaning"], [(item.id, item.summary) for item in RULES.values()])
        return
    if rule not in RULES:
        raise UsageError(f"There is no rule {rule!r}.", remedy="`roster explain` lists all.")
    found = RULES[rule]
    sys.stdout.write(f"{found.id}: {found.summary}\n\n{found.explanation}\n")


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
    if output in {Format.JSON, Format.YAML}:
        print_data({"version": __version__, "python": sys.version.split()[0]}, output)
        return
    sys.stdout.write(f"roster {__version__}\n")
