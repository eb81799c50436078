"""Headers sent to tools: literal values, and references to what only the pod may know.

kagent's controller reads the Secrets and writes their values into config.json. Here config.json
holds `${env:NAME}`, and the pod gets NAME from the Secret: a value exists in one place only.
"""

import hashlib
import re
from collections.abc import Sequence

from controller.definitions import agentconfig
from controller.definitions.catalog import Path
from controller.definitions.shared import ValueRef, ValueSource
from controller.render import pod
from controller.render.problems import RenderError
from controller.render.sources import Sources

_PREFIX = "ROSTER_HEADER_"
_NOT_IN_A_NAME = re.compile(r"[^A-Z0-9]+")


def translate(
    headers: Sequence[ValueRef], *, owner: str, agent: str, sources: Sources, path: Path
) -> tuple[dict[str, str], pod.Needs]:
    """Give the headers as config.json has them, and the environment that they refer to.

    `owner` is the namespace of the definition that lists them, `agent` that of the pod.

    Raises:
        RenderError: a value is out of the pod's reach.
    """
    values: dict[str, str] = {}
    needs = pod.Needs()
    for index, header in enumerate(headers):
        if header.value_from is None:
            values[header.name] = header.value or ""
            continue
        at = (*path, index, "valueFrom")
        value, more = _from(header.value_from, owner, agent, sources, at)
        values[header.name] = value
        needs += more
    return values, needs


def is_variable(name: str) -> bool:
    """Tell whether an environment variable holds a header's value."""
    return name.startswith(_PREFIX)


def _from(
    source: ValueSource, owner: str, agent: str, sources: Sources, path: Path
) -> tuple[str, pod.Needs]:
    _check_key(source, owner, sources, path)
    is_secret = source.type == "Secret"
    look_up = sources.secret if is_secret else sources.config_map
    held = look_up(owner, source.name)
    if held is not None and not is_secret:
        return held[source.key], pod.Needs()
    name = _variable_name(source, owner)
    reference = agentconfig.environment_reference(name)
    if owner == agent:
        make = pod.from_secret if is_secret else pod.from_config_map
        return reference, pod.Needs(env=(make(name, source.name, source.key),))
    if held is not None:
        return reference, pod.Needs(secrets=((name, held[source.key]),))
    raise sources.unknown(
        "unreachable-value",
        f"a pod in the namespace {agent} needs a header's value from the {source.type}"
        f" {owner}/{source.name}",
        remedy="Put the server into the agent's namespace, or give the header at the agent's tool.",
        path=path,
    )


def _check_key(source: ValueSource, owner: str, sources: Sources, path: Path) -> None:
    keys = sources.keys(source.type, owner, source.name)
    if keys is not None and source.key not in keys:
        raise RenderError(
            "missing-key",
            f"the {source.type} {owner}/{source.name} has no key {source.key!r}",
            remedy="Name a key that it has.",
            path=(*path, "key"),
        )


def _variable_name(source: ValueSource, owner: str) -> str:
    identity = f"{source.type}/{owner}/{source.name}/{source.key}"
    readable = _NOT_IN_A_NAME.sub("_", f"{source.name}_{source.key}".upper()).strip("_")
    return f"{_PREFIX}{readable[:40]}_{hashlib.sha256(identity.encode()).hexdigest()[:8]}"
