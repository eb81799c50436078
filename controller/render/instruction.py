"""An agent's system prompt, with everything filled in that is known before it starts."""

from collections.abc import Callable, Sequence

from controller.definitions import prompts
from controller.definitions.agent import AgentSpec, Declarative, PromptTemplate
from controller.definitions.catalog import Path
from controller.render.problems import RenderError
from controller.render.scope import Scope
from controller.render.sources import Sources

_SPEC: Path = ("spec", "declarative")
_REMEDY = "Add it to the repository, so that a change of the prompt is reviewed."


def text(
    spec: AgentSpec,
    declarative: Declarative,
    scope: Scope,
    *,
    tool_names: Sequence[str],
    skill_names: Sequence[str],
) -> str:
    """Give the system prompt of an agent.

    Raises:
        RenderError: there is none, or it includes what cannot be had.
    """
    raw, path = _raw(declarative, scope.namespace, scope.sources)
    template = declarative.prompt_template
    if template is None or not template.data_sources:
        return raw
    variables = {
        "AgentName": scope.name,
        "AgentNamespace": scope.namespace,
        "Description": spec.description or "",
        "ToolNames": list(tool_names),
        "SkillNames": list(skill_names),
    }
    texts = _texts(template, scope.namespace, scope.sources)
    try:
        return prompts.expand(raw, _includes(texts), variables)
    except (prompts.PromptError, LookupError) as error:
        raise RenderError(
            "prompt-template",
            f"the system message cannot be expanded: {error}",
            remedy="Correct the template.",
            path=path,
        ) from error


def _raw(declarative: Declarative, namespace: str, sources: Sources) -> tuple[str, Path]:
    source = declarative.system_message_from
    if source is None:
        return declarative.system_message or "", (*_SPEC, "systemMessage")
    path = (*_SPEC, "systemMessageFrom")
    look_up = sources.config_map if source.type == "ConfigMap" else sources.secret
    held = look_up(namespace, source.name)
    if held is None:
        raise sources.unknown(
            "prompt-not-found",
            f"the system message comes from the {source.type} {namespace}/{source.name}",
            remedy=_REMEDY,
            path=path,
        )
    if source.key not in held:
        raise RenderError(
            "missing-key",
            f"the {source.type} {namespace}/{source.name} has no key {source.key!r}",
            remedy="Name a key that it has.",
            path=(*path, "key"),
        )
    return held[source.key], path


def _texts(template: PromptTemplate, namespace: str, sources: Sources) -> dict[str, dict[str, str]]:
    texts = {}
    for index, source in enumerate(template.data_sources):
        held = sources.config_map(namespace, source.name)
        if held is None:
            raise sources.unknown(
                "prompt-not-found",
                f"prompts come from the ConfigMap {namespace}/{source.name}",
                remedy=_REMEDY,
                path=(*_SPEC, "promptTemplate", "dataSources", index),
            )
        texts[source.alias or source.name] = dict(held)
    return texts


def _includes(texts: dict[str, dict[str, str]]) -> Callable[[str, str], str]:
    return lambda alias, key: texts[alias][key]
