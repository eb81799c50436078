"""Texts as vectors of the length that the controller keeps.

Longer vectors are cut and brought back to length one, which the usual models allow for (their
first numbers say most); shorter ones cannot be kept. The provider's library is imported with the
first text, so that an agent is ready before it.
"""

import math
from collections.abc import Mapping, Sequence

import httpx2
from pydantic_ai.embeddings.base import EmbeddingModel
from pydantic_ai.exceptions import UserError

from controller.definitions.agentconfig import Embedding
from controller.errors import PermanentError

DIMENSIONS = 768
"""What kagent's store takes; the OpenAPI of the controller says the same."""


def create(
    config: Embedding, environment: Mapping[str, str], http: httpx2.AsyncClient
) -> EmbeddingModel:
    """The model that config.json asks for; keys and addresses come from `environment`.

    Raises:
        PermanentError: the provider or its model is not supported.
    """
    try:
        match config.provider.lower():
            case "openai" | "azure_openai" | "ollama":
                return _openai(config, environment, http)
            case "gemini" | "vertex_ai":
                return _google(config, environment, http)
            case "bedrock":
                return _bedrock(config, environment)
            case other:
                raise PermanentError(
                    f"Roster's runtime has no embeddings of the provider {other}.",
                    remedy="Use openai, azure_openai, ollama, gemini, vertex_ai or bedrock.",
                )
    except UserError as error:
        raise PermanentError(str(error)) from error


def fitted(vector: Sequence[float]) -> list[float]:
    """A vector of the length that is kept.

    Raises:
        PermanentError: it is too short.
    """
    if len(vector) < DIMENSIONS:
        raise PermanentError(
            f"The embedding model gives {len(vector)} numbers; memories need {DIMENSIONS}.",
            remedy="Name a model with longer vectors under memory.modelConfig.",
        )
    if len(vector) == DIMENSIONS:
        return list(vector)
    cut = vector[:DIMENSIONS]
    length = math.hypot(*cut) or 1.0
    return [number / length for number in cut]


def _openai(
    config: Embedding, environment: Mapping[str, str], http: httpx2.AsyncClient
) -> EmbeddingModel:
    from pydantic_ai.embeddings.openai import OpenAIEmbeddingModel  # noqa: PLC0415
    from pydantic_ai.providers.azure import AzureProvider  # noqa: PLC0415
    from pydantic_ai.providers.ollama import OllamaProvider  # noqa: PLC0415
    from pydantic_ai.providers.openai import OpenAIProvider  # noqa: PLC0415

    if config.provider.lower() == "ollama":
        base = config.base_url or environment.get("OLLAMA_API_BASE") or "http://localhost:11434"
        address = base.rstrip("/").removesuffix("/v1") + "/v1"
        return OpenAIEmbeddingModel(
            config.model,
            provider=OllamaProvider(base_url=address, api_key="none", http_client=http),
        )
    if config.provider.lower() == "azure_openai":
        azure = AzureProvider(
            azure_endpoint=config.base_url or environment.get("AZURE_OPENAI_ENDPOINT"),
            api_version=environment.get("OPENAI_API_VERSION"),
            api_key=environment.get("AZURE_OPENAI_API_KEY") or "none",
            http_client=http,
        )
        return OpenAIEmbeddingModel(config.model, provider=azure)
    provider = OpenAIProvider(
        base_url=config.base_url,
        api_key=environment.get("OPENAI_API_KEY") or "none",
        http_client=http,
    )
    return OpenAIEmbeddingModel(config.model, provider=provider)


def _google(
    config: Embedding, environment: Mapping[str, str], http: httpx2.AsyncClient
) -> EmbeddingModel:
    from pydantic_ai.embeddings.google import GoogleEmbeddingModel  # noqa: PLC0415
    from pydantic_ai.providers.google import GoogleProvider  # noqa: PLC0415
    from pydantic_ai.providers.google_cloud import GoogleCloudProvider  # noqa: PLC0415

    if config.provider.lower() == "vertex_ai":
        cloud = GoogleCloudProvider(
            project=environment.get("GOOGLE_CLOUD_PROJECT"),
            location=environment.get("GOOGLE_CLOUD_LOCATION"),
            http_client=http,
        )
        return GoogleEmbeddingModel(config.model, provider=cloud)
    key = environment.get("GOOGLE_API_KEY") or environment.get("GEMINI_API_KEY") or "none"
    base = config.base_url or environment.get("GOOGLE_GEMINI_BASE_URL")
    provider = GoogleProvider(api_key=key, base_url=base, http_client=http)
    return GoogleEmbeddingModel(config.model, provider=provider)


def _bedrock(config: Embedding, environment: Mapping[str, str]) -> EmbeddingModel:
    from pydantic_ai.embeddings.bedrock import BedrockEmbeddingModel  # noqa: PLC0415
    from pydantic_ai.providers.bedrock import BedrockProvider  # noqa: PLC0415

    provider = BedrockProvider(
        region_name=environment.get("AWS_REGION") or "us-east-1",
        base_url=environment.get("AWS_ENDPOINT_URL_BEDROCK_RUNTIME"),
    )
    return BedrockEmbeddingModel(config.model, provider=provider)
