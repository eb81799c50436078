"""An agent's own container: what runs in it, and what it reads at /config."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from controller.definitions.agent import AgentSpec, ByoDeployment, Declarative
from controller.definitions.shared import PodSettings
from controller.render import (
    agentconfigs,
    card,
    kagentruntime,
    pod,
    rosterruntime,
    toolconflicts,
    workload,
)
from controller.render.problems import RenderError
from controller.render.scope import Scope

PORT = 8080
CONFIG = "config.json"
CARD = "agent-card.json"
SRT_SETTINGS = "srt-settings.json"
_ARGS = ["--host", "0.0.0.0", "--port", str(PORT), "--filepath", "/config"]  # noqa: S104 - in a pod


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
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
    probe: Mapping[str, Any] = field(default_factory=lambda: workload.PROBE)

    @property
    def needs_scratch(self) -> bool:
        """Whether /tmp must be a volume, because nothing else can be written to."""
        return bool(self.security) and self.security.get("readOnlyRootFilesystem") is True


def settings(spec: AgentSpec) -> PodSettings:
    """Give the settings of an agent's workload, whichever type it is."""
    block = spec.byo if spec.type == "BYO" else spec.declarative
    return (block.deployment if block else None) or PodSettings()


def translate(spec: AgentSpec, scope: Scope, skills: tuple[str, ...]) -> Process:
    """Translate an agent; `skills` are the names of its skill folders.

    Raises:
        RenderError: the agent cannot be translated.
    """
    process = _byo(spec, scope) if spec.type == "BYO" else _declarative(spec, scope, skills)
    if not _runs_code(spec):
        return process
    return replace(process, files={**process.files, SRT_SETTINGS: _srt_settings(spec)})


def _declarative(spec: AgentSpec, scope: Scope, skills: tuple[str, ...]) -> Process:
    declarative = spec.declarative or Declarative()
    translated = agentconfigs.translate(spec, declarative, scope, skills)
    toolconflicts.warn(scope)
    deployment = declarative.deployment
    given = settings(spec)
    pod_security, security = workload.security(given.pod_security_context, given.security_context)
    registry = deployment.image_registry if deployment else None
    process = Process(
        image=workload.with_registry(scope.options.agent_image, registry),
        command=["roster-agent"],
        args=_ARGS,
        pod_security=pod_security,
        security=security,
        files={CONFIG: translated.config.dump(), CARD: card.text(spec, scope.id)},
        needs=translated.needs,
    )
    if not kagentruntime.is_chosen(scope):
        return replace(process, needs=process.needs + rosterruntime.needs(spec, scope))
    rosterruntime.warn_of_absence(spec, scope)
    filled = kagentruntime.with_values(translated, scope)
    container = kagentruntime.container(
        spec, scope, runs_code=_runs_code(spec), security=given.security_context
    )
    return replace(
        process,
        image=workload.with_registry(container.image, registry),
        command=None,
        pod_security=given.pod_security_context,
        security=container.security,
        files={**process.files, CONFIG: filled.config.dump()},
        needs=filled.needs,
        probe=container.probe,
    )


def _byo(spec: AgentSpec, scope: Scope) -> Process:
    given = settings(spec)
    if not isinstance(given, ByoDeployment) or not given.image:
        raise RenderError(
            "missing-block",
            "an agent of the type BYO needs an image",
            remedy="Add spec.byo.deployment.image.",
        )
    return Process(
        image=given.image,
        command=[given.cmd] if given.cmd else None,
        args=given.args,
        working_dir=given.working_dir,
        pod_security=given.pod_security_context,
        security=kagentruntime.isolating(given.security_context, scope)
        if spec.skills
        else given.security_context,
    )


def _runs_code(spec: AgentSpec) -> bool:
    if spec.type == "BYO":
        return spec.sandbox is not None
    return bool(spec.skills or (spec.declarative and spec.declarative.execute_code_blocks))


def _srt_settings(spec: AgentSpec) -> str:
    network = spec.sandbox.network if spec.sandbox else None
    limits = {
        "network": {
            "allowedDomains": network.allowed_domains if network else [],
            "deniedDomains": [],
        },
        "filesystem": {"denyRead": [], "allowWrite": [".", "/tmp"], "denyWrite": []},  # noqa: S108
    }
    return json.dumps(limits, sort_keys=True, indent=2, ensure_ascii=False) + "\n"
