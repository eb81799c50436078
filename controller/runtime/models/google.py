"""Gemini, from Google AI or on Vertex AI."""

from collections.abc import Mapping

from google.genai import Client
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.google_cloud import GoogleCloudProvider

from controller.definitions import agentconfig
from controller.errors import PermanentError
from controller.runtime.models.configured import ConfiguredModel, common_settings, http_client


def create(
    model: agentconfig.Gemini | agentconfig.GeminiVertexAI, environment: Mapping[str, str]
) -> ConfiguredModel:
    """A Gemini model."""
    if isinstance(model, agentconfig.GeminiVertexAI):
        return _on_vertex(model, environment)
    key = environment.get("GOOGLE_API_KEY") or environment.get("GEMINI_API_KEY")
    if not key:
        raise PermanentError(
            "GOOGLE_API_KEY is not set.",
            remedy="Name its Secret in the ModelConfig (apiKeySecret, apiKeySecretKey).",
        )
    provider = GoogleProvider(
        api_key=key,
        base_url=environment.get("GOOGLE_GEMINI_BASE_URL"),
        http_client=http_client(model),
    )
    return ConfiguredModel(
        model=GoogleModel(model.model, provider=provider),
        settings=common_settings(model, environment, max_tokens=model.max_output_tokens),
    )


def _on_vertex(
    model: agentconfig.GeminiVertexAI, environment: Mapping[str, str]
) -> ConfiguredModel:
    provider = GoogleCloudProvider(
        project=environment.get("GOOGLE_CLOUD_PROJECT"),
        location=environment.get("GOOGLE_CLOUD_LOCATION"),
        http_client=http_client(model),
    )
    _add_to_requests(provider.client, model)
    settings = common_settings(
        model,
        environment,
        max_tokens=model.max_output_tokens,
        temperature=model.temperature,
        top_p=model.top_p,
        top_k=int(model.top_k) if model.top_k is not None else None,
        stop_sequences=list(model.stop_sequences) if model.stop_sequences else None,
    )
    return ConfiguredModel(model=GoogleModel(model.model, provider=provider), settings=settings)


def _add_to_requests(client: Client, model: agentconfig.GeminiVertexAI) -> None:
    """Let the client add to each request the options that pydantic-ai has no settings for."""
    options = {
        "candidateCount": model.candidate_count,
        "responseMimeType": model.response_mime_type,
    }
    given = {name: value for name, value in options.items() if value is not None}
    if given:
        client._api_client._http_options.extra_body = {"generationConfig": given}  # noqa: SLF001 - the client takes them only when it is made, which the provider does
