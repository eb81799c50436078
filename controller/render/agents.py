"""An Agent -> the values that its manifest templates print."""

from collections.abc import Mapping
from typing import Any

from controller.definitions.agent import AgentSpec
from controller.definitions.catalog import Path
from controller.definitions.shared import PodSettings
from controller.render import card, confighash, pod, policies, processes, skills, workload
from controller.render.problems import RenderError
from controller.render.processes import Process
from controller.render.scope import Scope

_TOKEN_SOURCE = {"audience": "kagent", "expirationSeconds": 3600, "path": "kagent-token"}
_TOKEN = pod.Needs(
    volumes=(
        {
            "name": "kagent-token",
            "projected": {"sources": [{"serviceAccountToken": _TOKEN_SOURCE}]},
        },
    ),
    mounts=({"name": "kagent-token", "mountPath": "/var/run/secrets/tokens"},),
)
_SCRATCH_FOLDER = "/tmp"  # noqa: S108 - in a pod
_SCRATCH = pod.Needs(
    volumes=({"name": "tmp", "emptyDir": {}},),
    mounts=({"name": "tmp", "mountPath": _SCRATCH_FOLDER},),
)
_CONTAINERS = frozenset({"kagent", "skills-init"})


def values(spec: AgentSpec, scope: Scope) -> dict[str, Any]:
    """Give what the templates of an Agent may print.

    Raises:
        RenderError: the agent cannot be translated.
    """
    settings = processes.settings(spec)
    fetch = _fetch(spec, settings, scope)
    process = processes.translate(spec, scope, fetch.names if fetch else ())
    own = _config(process, scope) + (fetch.needs if fetch else pod.NOTHING) + _TOKEN
    _check_names(settings, spec, own)
    needs = _needs(settings, process, scope, fetch)
    container = _container(settings, process, needs)
    template = _pod(settings, process, needs, fetch)
    config_hash = _hash(process, container, template, fetch, scope)
    template["annotations"] = {**settings.annotations, confighash.ANNOTATION: config_hash}
    own_files = {processes.CARD: card.text(spec, scope.id), **process.files}
    by_policy = policies.values(spec, settings, scope, container["resources"])
    return {
        "application": scope.options.application,
        "definition": scope.definition.document.data,
        "agent": _agent(spec, settings, scope, is_scaled=by_policy["autoscaling"] is not None),
        "service_account": workload.service_account(
            scope.name, settings.service_account_name, settings.service_account_config
        ),
        "files": own_files | dict(needs.secrets),
        "skills_config": fetch.config if fetch else None,
        "pod": template,
        "container": container,
        **by_policy,
    }


def _agent(
    spec: AgentSpec, settings: PodSettings, scope: Scope, *, is_scaled: bool
) -> dict[str, Any]:
    speaks_a2a = spec.type == "BYO" or bool(spec.declarative and spec.declarative.a2a_config)
    return {
        "name": scope.name,
        "namespace": scope.namespace,
        "labels": workload.labels(scope.name, settings.labels),
        "annotations": workload.annotations(scope.definition),
        "deployment_annotations": settings.deployment_annotations,
        "selector": workload.selector(scope.name),
        "replicas": None if is_scaled else settings.replicas,
        "port": processes.PORT,
        "app_protocol": "kgateway.dev/a2a" if speaks_a2a else None,
    }


def _fetch(spec: AgentSpec, settings: PodSettings, scope: Scope) -> skills.Fetch | None:
    wanted = spec.skills
    if wanted is None or not (wanted.refs or wanted.git_refs or wanted.s3_refs):
        return None
    return skills.translate(
        wanted,
        agent=scope.name,
        image=scope.options.skills_image,
        security=settings.security_context,
        resources=workload.RESOURCES,
    )


def _needs(
    settings: PodSettings, process: Process, scope: Scope, fetch: skills.Fetch | None
) -> pod.Needs:
    """Put together the environment, volumes and mounts in kagent's order; the first of a name wins.

    So an agent's own `env` comes before everything else, also before what Roster sets.
    """
    copied = (pod.from_secret(name, scope.name, name) for name, _ in process.needs.secrets)
    needs = _config(process, scope) + pod.Needs(
        env=tuple(settings.env),
        volumes=tuple(settings.volumes),
        mounts=tuple(settings.volume_mounts),
    )
    needs += process.needs + pod.Needs(env=tuple(copied)) + _identity(scope)
    needs += fetch.needs if fetch else pod.NOTHING
    if processes.SRT_SETTINGS in process.files:
        path = f"/config/{processes.SRT_SETTINGS}"
        needs += pod.Needs(env=(pod.variable("KAGENT_SRT_SETTINGS_PATH", path),))
    if process.needs_scratch and not _has_scratch(settings):
        needs += _SCRATCH
    return needs + _TOKEN


def _config(process: Process, scope: Scope) -> pod.Needs:
    if not process.files:
        return pod.NOTHING
    return pod.secret_volume("config", scope.name, "/config", read_only=False)


def _identity(scope: Scope) -> pod.Needs:
    shared = (pod.variable(*pair) for pair in sorted(scope.options.agent_env.items()))
    place = {"fieldRef": {"fieldPath": "metadata.namespace"}}
    own = (
        {"name": "KAGENT_NAMESPACE", "valueFrom": place},
        pod.variable("KAGENT_NAME", scope.name),
        pod.variable("KAGENT_URL", scope.options.controller_url),
    )
    return pod.Needs(env=(*shared, *own))


def _has_scratch(settings: PodSettings) -> bool:
    named = any(volume.get("name") == "tmp" for volume in settings.volumes)
    return named or any(
        mount.get("mountPath") == _SCRATCH_FOLDER for mount in settings.volume_mounts
    )


def _container(settings: PodSettings, process: Process, needs: pod.Needs) -> dict[str, Any]:
    return {
        "image": process.image,
        "pull_policy": settings.image_pull_policy or "IfNotPresent",
        "command": process.command,
        "args": process.args,
        "working_dir": process.working_dir,
        "env": needs.env,
        "env_from": settings.env_from,
        "mounts": needs.mounts,
        "probe": process.probe,
        "resources": settings.resources or workload.RESOURCES,
        "security_context": process.security,
    }


def _pod(
    settings: PodSettings, process: Process, needs: pod.Needs, fetch: skills.Fetch | None
) -> dict[str, Any]:
    return {
        "security_context": process.pod_security,
        "image_pull_secrets": settings.image_pull_secrets,
        "init_containers": [fetch.container] if fetch else [],
        "extra_containers": settings.extra_containers,
        "volumes": needs.volumes,
        "node_selector": settings.node_selector,
        "affinity": settings.affinity,
        "tolerations": settings.tolerations,
    }


def _hash(
    process: Process,
    container: Mapping[str, Any],
    template: Mapping[str, Any],
    fetch: skills.Fetch | None,
    scope: Scope,
) -> str:
    referred = confighash.of_references(container, template, scope)
    text = process.files.get
    parts = (
        text(processes.CONFIG, ""),
        text(processes.CARD, ""),
        referred,
        text(processes.SRT_SETTINGS, ""),
        fetch.config if fetch else "",
        "".join(f"{name}={value}\n" for name, value in process.needs.secrets),
    )
    return confighash.of(parts)


def _check_names(settings: PodSettings, spec: AgentSpec, own: pod.Needs) -> None:
    block: Path = ("spec", "byo" if spec.type == "BYO" else "declarative", "deployment")
    for field, items, key, reserved in (
        ("volumes", settings.volumes, "name", {item["name"] for item in own.volumes}),
        (
            "volumeMounts",
            settings.volume_mounts,
            "mountPath",
            {item["mountPath"] for item in own.mounts},
        ),
        ("extraContainers", settings.extra_containers, "name", _CONTAINERS),
    ):
        for index, item in enumerate(items):
            if item.get(key) in reserved:
                raise RenderError(
                    "reserved-name",
                    f"{item[key]!r} is taken by the agent itself",
                    remedy="Give it another one.",
                    path=(*block, field, index, key),
                )
