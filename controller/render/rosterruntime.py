"""Agents on Roster's own runtime: what of kagent's it does otherwise, or has not.

A setting without an effect is a warning at its place, and no error: the repository is one that
works with kagent, and the agent works but for that.
"""

from collections.abc import Iterator

from controller.definitions.agent import AgentSpec
from controller.render import kagentruntime, pod
from controller.render.problems import RenderError
from controller.render.scope import Scope

COMMANDS = "roster.dev/skill-commands"
_VARIABLE = "ROSTER_SKILL_COMMANDS"
_CHOICES = ("enabled", "approval", "disabled")
_KAGENT = f"choose kagent's runtime for this agent: '{kagentruntime.ANNOTATION}: kagent'"


def needs(spec: AgentSpec, scope: Scope) -> pod.Needs:
    """Give what the pod needs beside its configuration, and warn of what has no effect.

    Raises:
        RenderError: an annotation asks for something that there is not.
    """
    for warning in (*_code_blocks(spec), *_share_links(spec), *_domains(spec)):
        scope.sources.warn(warning)
    chosen = commands(scope)
    if not chosen or not spec.skills:
        return pod.NOTHING
    return pod.Needs(env=(pod.variable(_VARIABLE, chosen),))


def warn_of_absence(spec: AgentSpec, scope: Scope) -> None:
    """Warn of what only Roster's runtime does, for an agent on kagent's.

    Raises:
        RenderError: an annotation asks for something that there is not.
    """
    chosen = commands(scope)
    if spec.skills and chosen in {"approval", "disabled"}:
        warning = RenderError(
            "setting-without-effect",
            f"kagent's runtime runs commands of skills, although {COMMANDS} is {chosen!r}",
            remedy=f"Take Roster's runtime ('{kagentruntime.ANNOTATION}: roster'), or remove it.",
            path=scope.annotation_path(COMMANDS),
        )
        scope.sources.warn(warning)


def commands(scope: Scope) -> str:
    """Give what an agent may run of its skills; empty where nothing says so.

    Raises:
        RenderError: the annotation says something else.
    """
    chosen = scope.annotation(COMMANDS)
    if chosen and chosen not in _CHOICES:
        raise RenderError(
            "invalid-skill-commands",
            f"{COMMANDS} is {chosen!r}",
            remedy=f"Set it to {', '.join(_CHOICES[:-1])} or {_CHOICES[-1]}.",
            path=scope.annotation_path(COMMANDS),
        )
    return chosen


def _code_blocks(spec: AgentSpec) -> Iterator[RenderError]:
    if spec.declarative and spec.declarative.execute_code_blocks:
        yield RenderError(
            "setting-without-effect",
            "Roster's runtime does not run code blocks of the model's answers",
            remedy="Remove it, and give the agent a skill: scripts of skills are run, confined.",
            path=("spec", "declarative", "executeCodeBlocks"),
        )


def _share_links(spec: AgentSpec) -> Iterator[RenderError]:
    if spec.declarative and spec.declarative.share_tools:
        yield RenderError(
            "setting-without-effect",
            "Roster's runtime has no tools for share links",
            remedy=f"Remove it, or {_KAGENT}.",
            path=("spec", "declarative", "shareTools"),
        )


def _domains(spec: AgentSpec) -> Iterator[RenderError]:
    network = spec.sandbox.network if spec.sandbox else None
    if network is None or not network.allowed_domains:
        return
    message = "commands of skills have no network at all on Roster's runtime"
    remedy = f"Remove it and give the agent an MCP server for what it needs, or {_KAGENT}."
    if not spec.skills:
        message = "allowedDomains limits nothing: on Roster's runtime this agent runs no commands"
        remedy = "Remove it; 'roster.dev/network-policy' limits who connects to the pod."
    yield RenderError(
        "setting-without-effect",
        message,
        remedy=remedy,
        path=("spec", "sandbox", "network", "allowedDomains"),
    )
