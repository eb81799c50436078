"""A declarative Agent -> config.json, and what its model, tools and memory need in the pod."""

from dataclasses import dataclass

from controller.definitions import agentconfig
from controller.definitions.agent import AgentSpec, Compaction, Declarative, Summarizer
from controller.definitions.catalog import Path
from controller.definitions.findings import DefinitionId
from controller.definitions.modelconfig import ModelConfigSpec
from controller.render import instruction, models, pod, tools
from controller.render.problems import RenderError
from controller.render.scope import Scope
from controller.render.sources import Sources

_SPEC: Path = ("spec", "declarative")
_SUMMARY: Path = (*_SPEC, "context", "compaction", "summarizer", "modelConfig")
_MEMORY: Path = (*_SPEC, "memory", "modelConfig")
_TTL_DAYS = 15
"""How long kagent's controller keeps a memory of an agent that does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Translated:
    """config.json, and what it takes for granted in the pod."""

    config: agentconfig.AgentConfig
    needs: pod.Needs


def translate(
    spec: AgentSpec, declarative: Declarative, scope: Scope, skills: tuple[str, ...]
) -> Translated:
    """Translate a declarative agent; `skills` are the names of its skill folders.

    Raises:
        RenderError: a reference leads nowhere, or an option has no meaning.
    """
    namespace, sources = scope.namespace, scope.sources
    path = (*_SPEC, "modelConfig")
    model = _model(declarative.model_config_name, namespace, sources, path)
    compaction, of_summary = _compaction(declarative, model, namespace, sources)
    memory, of_memory = _memory(declarative, namespace, sources)
    used = tools.translate(declarative.tools, namespace, sources)
    config = agentconfig.AgentConfig(
        model=model.config,
        description=spec.description or "",
        instruction=instruction.text(
            spec, declarative, scope, tool_names=used.names, skill_names=skills
        ),
        http_tools=used.http or None,
        sse_tools=used.sse or None,
        remote_agents=used.agents or None,
        execute_code=declarative.execute_code_blocks,
        stream=declarative.stream,
        memory=memory,
        network=_network(spec),
        context_config=compaction,
        share_tools=declarative.share_tools or None,
    )
    _warn_of_conflicts(model.needs, of_summary, _SUMMARY, sources)
    _warn_of_conflicts(model.needs + of_summary, of_memory, _MEMORY, sources)
    return Translated(config=config, needs=model.needs + of_summary + of_memory + used.needs)


def _warn_of_conflicts(first: pod.Needs, second: pod.Needs, path: Path, sources: Sources) -> None:
    taken = {item["name"]: item for item in first.env}
    for item in second.env:
        if taken.get(item["name"], item) != item:
            warning = RenderError(
                "model-variable-conflict",
                f"two models of this agent want different values of {item['name']}; both get that"
                " of the first",
                remedy="Use the same key and address for both, or models of different providers.",
                path=path,
            )
            sources.warn(warning)


def _model(name: str | None, namespace: str, sources: Sources, path: Path) -> models.Model:
    wanted = DefinitionId(kind="ModelConfig", namespace=namespace, name=name or "")
    found = sources.find(wanted)
    if found is None or not isinstance(found.spec, ModelConfigSpec):
        raise RenderError(
            "missing-reference",
            f"there is no {wanted} in the repository",
            remedy="Add it, or correct the name; a ModelConfig is taken from the same namespace.",
            path=path,
        )
    return models.translate(found.spec, namespace, sources)


def _compaction(
    declarative: Declarative, model: models.Model, namespace: str, sources: Sources
) -> tuple[agentconfig.Context | None, pod.Needs]:
    if declarative.context is None:
        return None, pod.NOTHING
    compaction = declarative.context.compaction
    if compaction is None:
        return agentconfig.Context(), pod.NOTHING
    summarizer = compaction.summarizer
    summary = _summary_model(summarizer, declarative, model, namespace, sources)
    config = _compaction_config(compaction, summarizer, summary)
    needs = summary.needs if summary else pod.NOTHING
    return agentconfig.Context(compaction=config), needs


def _compaction_config(
    compaction: Compaction, summarizer: Summarizer | None, summary: models.Model | None
) -> agentconfig.Compaction:
    return agentconfig.Compaction(
        compaction_interval=compaction.compaction_interval,
        overlap_size=compaction.overlap_size,
        summarizer_model=summary.config if summary else None,
        prompt_template=summarizer.prompt_template if summarizer else None,
        token_threshold=compaction.token_threshold,
        event_retention_size=compaction.event_retention_size,
    )


def _summary_model(
    summarizer: Summarizer | None,
    declarative: Declarative,
    model: models.Model,
    namespace: str,
    sources: Sources,
) -> models.Model | None:
    if summarizer is None:
        return None
    name = summarizer.model_config_name
    if not name or name == declarative.model_config_name:
        return model
    return _model(name, namespace, sources, _SUMMARY)


def _memory(
    declarative: Declarative, namespace: str, sources: Sources
) -> tuple[agentconfig.Memory | None, pod.Needs]:
    memory = declarative.memory
    if memory is None:
        return None, pod.NOTHING
    model = _model(memory.model_config_name, namespace, sources, _MEMORY)
    embedding = models.embedding(model.config)
    return agentconfig.Memory(
        ttl_days=memory.ttl_days or _TTL_DAYS, embedding=embedding
    ), model.needs


def _network(spec: AgentSpec) -> agentconfig.Network | None:
    network = spec.sandbox.network if spec.sandbox else None
    return agentconfig.Network(allowed_domains=tuple(network.allowed_domains)) if network else None
