"""Azure OpenAI and Azure AI Foundry: OpenAI's protocol with Azure's addresses and keys."""

from collections.abc import Mapping

from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.azure import AzureProvider

from controller.definitions import agentconfig
from controller.errors import PermanentError
from controller.runtime.models.configured import ConfiguredModel, chat_client, common_settings


def create(
    model: agentconfig.AzureOpenAI | agentconfig.Foundry, environment: Mapping[str, str]
) -> ConfiguredModel:
    """A deployment on Azure; endpoint, version and key come from the environment."""
    if isinstance(model, agentconfig.Foundry):
        endpoint, version = model.endpoint, model.api_version
        name, key = model.deployment or model.model, environment.get("FOUNDRY_API_KEY")
        settings = common_settings(model, environment)
    else:
        endpoint = environment.get("AZURE_OPENAI_ENDPOINT")
        version = environment.get("OPENAI_API_VERSION")
        name = model.model
        key = environment.get("AZURE_OPENAI_API_KEY") or environment.get("AZURE_AD_TOKEN")
        settings = common_settings(
            model,
            environment,
            max_tokens=model.max_tokens,
            temperature=model.temperature,
            top_p=model.top_p,
        )
    if not endpoint or not (key or model.api_key_passthrough):
        raise PermanentError(
            "The Azure model has no endpoint or no key.",
            remedy="Set endpoint and apiKeySecret in the ModelConfig.",
        )
    http = chat_client(model)
    provider = AzureProvider(
        azure_endpoint=endpoint,
        api_version=version,
        api_key=key or "none",
        http_client=http,
    )
    return ConfiguredModel(
        model=OpenAIChatModel(name, provider=provider),
        settings=settings,
        key_header="api-key" if model.api_key_passthrough else None,
        fixed_headers=settings.get("extra_headers", {}),
        http=http,
    )
