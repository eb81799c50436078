"""An Agent -> agent-card.json: what it tells callers about itself, in both protocol versions."""

from controller.definitions import agentconfig
from controller.definitions.agent import A2ASkill, AgentSpec
from controller.definitions.findings import DefinitionId


def text(spec: AgentSpec, agent: DefinitionId) -> str:
    """Give the text of an agent's card."""
    return translate(spec, namespace=agent.namespace, name=agent.name).dump()


def translate(spec: AgentSpec, *, namespace: str, name: str) -> agentconfig.AgentCard:
    """Give the card of an agent, with the address of its Service."""
    url = f"http://{name}.{namespace}:8080"
    declarative = spec.declarative
    listed = declarative.a2a_config.skills if declarative and declarative.a2a_config else []
    return agentconfig.AgentCard(
        name=name.replace("-", "_"),
        description=spec.description or "",
        version=spec.version or "",
        url=url,
        supported_interfaces=agentconfig.both_versions(url),
        capabilities=agentconfig.CardCapabilities(streaming=True, push_notifications=False),
        skills=tuple(map(_skill, listed)),
        icon_url=spec.icon_url,
        documentation_url=spec.documentation_url,
        provider=_provider(spec),
    )


def _skill(skill: A2ASkill) -> agentconfig.CardSkill:
    return agentconfig.CardSkill(
        id=skill.id or skill.name,
        name=skill.name,
        description=skill.description or "",
        tags=tuple(skill.tags),
        examples=tuple(skill.examples) or None,
        input_modes=tuple(skill.input_modes) or None,
        output_modes=tuple(skill.output_modes) or None,
    )


def _provider(spec: AgentSpec) -> agentconfig.CardProvider | None:
    if spec.provider is None:
        return None
    return agentconfig.CardProvider(organization=spec.provider.organization, url=spec.provider.url)
