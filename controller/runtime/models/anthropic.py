"""Claude, from Anthropic itself or on Vertex AI."""

from collections.abc import Mapping

from anthropic import AsyncAnthropicVertex
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

from controller.definitions import agentconfig
from controller.errors import PermanentError
from controller.runtime.models.configured import ConfiguredModel, common_settings, http_client


def create(
    model: agentconfig.Anthropic | agentconfig.GeminiAnthropic, environment: Mapping[str, str]
) -> ConfiguredModel:
    """A Claude model."""
    stop = getattr(model, "stop_sequences", None)
    settings = common_settings(
        model,
        environment,
        max_tokens=model.max_tokens,
        temperature=model.temperature,
        top_p=model.top_p,
        top_k=int(model.top_k) if model.top_k is not None else None,
        stop_sequences=list(stop) if stop else None,
    )
    return ConfiguredModel(
        model=AnthropicModel(model.model, provider=_provider(model, environment)),
        settings=settings,
        key_header="x-api-key" if model.api_key_passthrough else None,
        fixed_headers=settings.get("extra_headers", {}),
    )


def _provider(
    model: agentconfig.Anthropic | agentconfig.GeminiAnthropic, environment: Mapping[str, str]
) -> AnthropicProvider:
    if isinstance(model, agentconfig.GeminiAnthropic):
        project = environment.get("GOOGLE_CLOUD_PROJECT")
        region = environment.get("GOOGLE_CLOUD_LOCATION")
        if not project or not region:
            raise PermanentError(
                "GOOGLE_CLOUD_PROJECT or GOOGLE_CLOUD_LOCATION is not set.",
                remedy="Set projectID and location in the ModelConfig.",
            )
        client = AsyncAnthropicVertex(project_id=project, region=region)
        return AnthropicProvider(anthropic_client=client)
    key = environment.get("ANTHROPIC_API_KEY")
    if not key and not model.api_key_passthrough:
        raise PermanentError(
            "ANTHROPIC_API_KEY is not set.",
            remedy="Name its Secret in the ModelConfig (apiKeySecret, apiKeySecretKey).",
        )
    return AnthropicProvider(
        api_key=key or "none", base_url=model.base_url, http_client=http_client(model)
    )
