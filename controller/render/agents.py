"""An Agent -> the values that its manifest templates print."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from controller.definitions.agent import AgentSpec, ByoDeployment, Declarative
from controller.definitions.catalog import Definition, Path
from controller.definitions.findings import DefinitionId
from controller.definitions.shared import PodSettings
from controller.render import agentconfigs, card, confighash, pod, skills, workload
from controller.render.options import RenderOptions
from controller.render.problems import RenderError
from controller.render.sources import Sources

_PORT = 8080
_ARGS = ["--host", "0.0.0.0", "--port", str(_PORT), "--filepath", "/config"]  # noqa: S104 - in a pod
_SRT_SETTINGS = "srt-settings.json"
_TOKEN = pod.Needs(
    volumes=(
        {
            "name": "kagent-token",
            "projected": {
                "sources": [
                    {
                        "serviceAccountToken": {
                            "audience": "kagent",
                            "expirationSeconds": 3600,
                            "path": "kagent-token",
                        }
                    }
                ]
            },
        },
    ),
    mounts=({"name": "kagent-token", "mountPath": "/var/run/secrets/tokens"},),
)
_SCRATCH = pod.Needs(
    volumes=({"name": "tmp", "emptyDir": {}},),
    mounts=({"name": "tmp", "mountPath": "/tmp"},),  # noqa: S108 - in a pod
)
_RESERVED = frozenset({"config", "kagent-token", "kagent-skills", "skills-init-config"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Process:
    """The agent's own container, before what is common to all agents is added."""

    image: str
    command: list[str] | None
    args: list[str]
    working_dir: str | None = None
    pod_security: Any = None
    security: Any = None
    files: Mapping[str, str] = field(default_factory=dict)
    """Texts that are mounted at /config."""
    needs: pod.Needs = pod.NOTHING

    @property
    def needs_scratch(self) -> bool:
        """Whether /tmp must be a volume, because nothing else can be written to."""
        return bool(self.security) and self.security.get("readOnlyRootFilesystem") is True


def values(definition: Definition, options: RenderOptions, sources: Sources) -> dict[str, Any]:
    """Give what the templates of an Agent may print.

    Raises:
        RenderError: the agent cannot be translated.
    """
    agent = definition.id
    spec = _spec(definition)
    settings = _settings(spec)
    _check_names(settings, spec)
    fetch = _fetch(spec, settings, agent, options)
    process = _process(spec, settings, agent, options, fetch, sources)
    if _needs_srt_settings(spec):
        process = _with_srt_settings(process, spec)
    needs = _needs(settings, process, agent, options, fetch)
    container = _container(settings, process, needs)
    template = _pod(settings, process, needs, fetch)
    note = {confighash.ANNOTATION: _hash(process, container, template, fetch, agent, sources)}
    template["annotations"] = {**settings.annotations, **note}
    text = card.translate(spec, namespace=agent.namespace, name=agent.name).dump()
    return {
        "application": options.application,
        "definition": definition.document.data,
        "agent": _agent(definition, spec, settings),
        "service_account": _service_account(definition, settings),
        "files": {"agent-card.json": text, **process.files, **dict(needs.secrets)},
        "skills_config": fetch.config if fetch else None,
        "pod": template,
        "container": container,
    }


def _spec(definition: Definition) -> AgentSpec:
    if not isinstance(definition.spec, AgentSpec):
        message = f"{definition.id} is no agent"
        raise TypeError(message)
    return definition.spec


def _settings(spec: AgentSpec) -> PodSettings:
    block = spec.byo if spec.type == "BYO" else spec.declarative
    return (block.deployment if block else None) or PodSettings()


def _agent(definition: Definition, spec: AgentSpec, settings: PodSettings) -> dict[str, Any]:
    name = definition.id.name
    speaks_a2a = spec.type == "BYO" or bool(spec.declarative and spec.declarative.a2a_config)
    return {
        "name": name,
        "namespace": definition.id.namespace,
        "labels": workload.labels(name, settings.labels),
        "annotations": workload.annotations(definition),
        "deployment_annotations": settings.deployment_annotations,
        "selector": workload.selector(name),
        "replicas": settings.replicas,
        "port": _PORT,
        "app_protocol": "kgateway.dev/a2a" if speaks_a2a else None,
    }


def _service_account(definition: Definition, settings: PodSettings) -> dict[str, Any]:
    name = settings.service_account_name or definition.id.name
    config = settings.service_account_config
    return {
        "name": name,
        "is_own": name == definition.id.name,
        "labels": config.labels if config else {},
        "annotations": config.annotations if config else {},
    }


def _process(
    spec: AgentSpec,
    settings: PodSettings,
    agent: DefinitionId,
    options: RenderOptions,
    fetch: skills.Fetch | None,
    sources: Sources,
) -> _Process:
    if spec.type == "BYO":
        return _byo(settings)
    declarative = spec.declarative or Declarative()
    names = fetch.names if fetch else ()
    translated = agentconfigs.translate(spec, declarative, agent, names, sources)
    deployment = declarative.deployment
    registry = deployment.image_registry if deployment else None
    pod_security, security = workload.security(
        settings.pod_security_context, settings.security_context
    )
    return _Process(
        image=workload.with_registry(options.agent_image, registry),
        command=["roster-agent"],
        args=_ARGS,
        pod_security=pod_security,
        security=security,
        files={
            "config.json": translated.config.dump(),
            "agent-card.json": card.translate(
                spec, namespace=agent.namespace, name=agent.name
            ).dump(),
        },
        needs=translated.needs,
    )


def _byo(settings: PodSettings) -> _Process:
    if not isinstance(settings, ByoDeployment) or not settings.image:
        raise RenderError(
            "missing-block",
            "an agent of the type BYO needs an image",
            remedy="Add spec.byo.deployment.image.",
        )
    return _Process(
        image=settings.image,
        command=[settings.cmd] if settings.cmd else None,
        args=settings.args,
        working_dir=settings.working_dir,
        pod_security=settings.pod_security_context,
        security=settings.security_context,
    )


def _needs_srt_settings(spec: AgentSpec) -> bool:
    if spec.type == "BYO":
        return spec.sandbox is not None
    return bool(spec.skills or (spec.declarative and spec.declarative.execute_code_blocks))


def _with_srt_settings(process: _Process, spec: AgentSpec) -> _Process:
    network = spec.sandbox.network if spec.sandbox else None
    settings = {
        "network": {
            "allowedDomains": network.allowed_domains if network else [],
            "deniedDomains": [],
        },
        "filesystem": {"denyRead": [], "allowWrite": [".", "/tmp"], "denyWrite": []},  # noqa: S108
    }
    text = json.dumps(settings, sort_keys=True, indent=2, ensure_ascii=False) + "\n"
    return replace(process, files={**process.files, _SRT_SETTINGS: text})


def _fetch(
    spec: AgentSpec, settings: PodSettings, agent: DefinitionId, options: RenderOptions
) -> skills.Fetch | None:
    if spec.skills is None or not (spec.skills.refs or spec.skills.git_refs or spec.skills.s3_refs):
        return None
    return skills.translate(
        spec.skills,
        agent=agent.name,
        image=options.skills_image,
        security=settings.security_context,
        resources=workload.RESOURCES,
    )


def _needs(
    settings: PodSettings,
    process: _Process,
    agent: DefinitionId,
    options: RenderOptions,
    fetch: skills.Fetch | None,
) -> pod.Needs:
    needs = pod.Needs()
    if process.files:
        needs += pod.secret_volume("config", agent.name, "/config", read_only=False)
    needs += pod.Needs(
        env=tuple(settings.env),
        volumes=tuple(settings.volumes),
        mounts=tuple(settings.volume_mounts),
    )
    needs += process.needs + _identity(agent, options)
    if process.needs_scratch and not _has_scratch(settings):
        needs += _SCRATCH
    if fetch:
        needs += fetch.needs
    needs += _TOKEN
    if _SRT_SETTINGS in process.files:
        path = f"/config/{_SRT_SETTINGS}"
        needs += pod.Needs(env=(pod.variable("KAGENT_SRT_SETTINGS_PATH", path),))
    return needs


def _identity(agent: DefinitionId, options: RenderOptions) -> pod.Needs:
    shared = (pod.variable(name, value) for name, value in sorted(options.agent_env.items()))
    place = {"fieldRef": {"fieldPath": "metadata.namespace"}}
    own = (
        {"name": "KAGENT_NAMESPACE", "valueFrom": place},
        pod.variable("KAGENT_NAME", agent.name),
        pod.variable("KAGENT_URL", options.controller_url),
    )
    return pod.Needs(env=(*shared, *own))


def _has_scratch(settings: PodSettings) -> bool:
    named = any(volume.get("name") == "tmp" for volume in settings.volumes)
    mounted = any(mount.get("mountPath") == "/tmp" for mount in settings.volume_mounts)  # noqa: S108
    return named or mounted


def _container(settings: PodSettings, process: _Process, needs: pod.Needs) -> dict[str, Any]:
    return {
        "image": process.image,
        "pull_policy": settings.image_pull_policy or "IfNotPresent",
        "command": process.command,
        "args": process.args,
        "working_dir": process.working_dir,
        "env": needs.env,
        "env_from": settings.env_from,
        "mounts": needs.mounts,
        "probe": workload.PROBE,
        "resources": settings.resources or workload.RESOURCES,
        "security_context": process.security,
    }


def _pod(
    settings: PodSettings, process: _Process, needs: pod.Needs, fetch: skills.Fetch | None
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
    process: _Process,
    container: Mapping[str, Any],
    template: Mapping[str, Any],
    fetch: skills.Fetch | None,
    agent: DefinitionId,
    sources: Sources,
) -> str:
    own = {"env": container["env"], "envFrom": container["env_from"]}
    refers = {
        "containers": [own, *template["extra_containers"]],
        "initContainers": template["init_containers"],
        "volumes": [volume for volume in template["volumes"] if volume.get("name") != "config"],
    }
    secrets = confighash.of_references(refers, agent.namespace, sources)
    texts = [process.files.get(name, "") for name in ("config.json", "agent-card.json")]
    skills_config = fetch.config if fetch else ""
    copied = "".join(f"{name}={value}\n" for name, value in process.needs.secrets)
    after = (process.files.get(_SRT_SETTINGS, ""), skills_config, copied)
    return confighash.of((*map(str.encode, texts), secrets, *map(str.encode, after)))


def _check_names(settings: PodSettings, spec: AgentSpec) -> None:
    block: Path = ("spec", "byo" if spec.type == "BYO" else "declarative", "deployment")
    for field_name, items, taken in (
        ("volumes", settings.volumes, _RESERVED),
        ("extraContainers", settings.extra_containers, frozenset({"kagent"})),
    ):
        for index, item in enumerate(items):
            if item.get("name") in taken:
                raise RenderError(
                    "reserved-name",
                    f"the name {item['name']!r} is taken by the agent itself",
                    remedy="Give it another name.",
                    path=(*block, field_name, index, "name"),
                )
