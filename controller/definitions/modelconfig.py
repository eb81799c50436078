"""The kind ModelConfig of kagent.dev/v1alpha2: a model, its provider and how to reach it.

Numbers such as the temperature are text here, as in kagent: Kubernetes API types have no floating
point numbers. Rules that span fields are in `definitions.checks.modelconfig`.
"""

from typing import Any, Literal

from pydantic import Field

from controller.definitions.schema import Model, Opt
from controller.definitions.shared import TLS

_TEMPERATURE = 'Randomness of the answer, as text: "0.7".'
_TOP_P = 'Share of probability that is sampled from, as text: "0.9".'
_MAX_TOKENS = "Most tokens in an answer."


class GdchServiceAccount(Model):
    """Google Distributed Cloud: the audience to get a token for."""

    audience: str = Field(description="Audience of the token.")


class TokenExchange(Model):
    """Get a short-lived token from the provider with the key in `apiKeySecret`."""

    type: Literal["GDCHServiceAccount"] = Field(description="How the token is had.")
    gdch_service_account: Opt[GdchServiceAccount] = Field(
        default=None, description="Settings of the type GDCHServiceAccount."
    )


class OpenAI(Model):
    """OpenAI, and whatever speaks its protocol."""

    base_url: Opt[str] = Field(default=None, description="Address, where it is not OpenAI's own.")
    organization: Opt[str] = Field(default=None, description="Organisation that is billed.")
    temperature: Opt[str] = Field(default=None, description=_TEMPERATURE)
    max_tokens: Opt[int] = Field(default=None, ge=1, description=_MAX_TOKENS)
    max_completion_tokens: Opt[int] = Field(
        default=None, ge=1, description="Most tokens, thoughts included; instead of `maxTokens`."
    )
    top_p: Opt[str] = Field(default=None, description=_TOP_P)
    frequency_penalty: Opt[str] = Field(
        default=None, description="Penalty on frequent tokens, as text."
    )
    presence_penalty: Opt[str] = Field(
        default=None, description="Penalty on tokens that occurred, as text."
    )
    seed: Opt[int] = Field(default=None, description="Seed for repeatable answers.")
    n: Opt[int] = Field(default=None, description="Number of answers.")
    timeout: Opt[int] = Field(default=None, description="Time limit of a request, in seconds.")
    reasoning_effort: Opt[Literal["none", "minimal", "low", "medium", "high", "xhigh"]] = Field(
        default=None, description="How long the model may think."
    )
    api_format: Literal["chatCompletions", "responses"] = Field(
        default="chatCompletions", description="Which of OpenAI's APIs is spoken."
    )
    token_exchange: Opt[TokenExchange] = Field(
        default=None, description="Exchange of the key for a short-lived token."
    )


class Anthropic(Model):
    """Anthropic."""

    base_url: Opt[str] = Field(default=None, description="Address, where it is not Anthropic's.")
    max_tokens: Opt[int] = Field(default=None, description=_MAX_TOKENS)
    temperature: Opt[str] = Field(default=None, description=_TEMPERATURE)
    top_p: Opt[str] = Field(default=None, description=_TOP_P)
    top_k: Opt[int] = Field(default=None, description="Number of tokens sampled from.")


class AzureOpenAI(Model):
    """OpenAI's models on Azure."""

    azure_endpoint: str = Field(description="Address of the resource.")
    api_version: str = Field(description="Version of the API, such as 2024-10-21.")
    azure_deployment: Opt[str] = Field(
        default=None, description="Name of the deployment; the model's name if left out."
    )
    azure_ad_token: Opt[str] = Field(
        default=None, description="Token of Entra ID, in plain text: better use `apiKeySecret`."
    )
    temperature: Opt[str] = Field(default=None, description=_TEMPERATURE)
    max_tokens: Opt[int] = Field(default=None, description=_MAX_TOKENS)
    top_p: Opt[str] = Field(default=None, description=_TOP_P)


class Ollama(Model):
    """Ollama."""

    host: Opt[str] = Field(default=None, description="Address, such as http://ollama:11434.")
    options: dict[str, str] = Field(
        default_factory=dict, description='Options of the model, as text: `num_ctx: "8192"`.'
    )


class Gemini(Model):
    """Google's Gemini API."""

    max_output_tokens: Opt[int] = Field(default=None, ge=1, description=_MAX_TOKENS)


class VertexAI(Model):
    """What Vertex AI takes for models of every maker."""

    project_id: str = Field(alias="projectID", description="Project in Google Cloud.")
    location: str = Field(description="Region, such as us-central1.")
    temperature: Opt[str] = Field(default=None, description=_TEMPERATURE)
    top_p: Opt[str] = Field(default=None, description=_TOP_P)
    top_k: Opt[str] = Field(default=None, description="Number of tokens sampled from, as text.")
    stop_sequences: list[str] = Field(
        default_factory=list, description="Texts that end the answer."
    )


class GeminiVertexAI(VertexAI):
    """Gemini on Vertex AI."""

    max_output_tokens: Opt[int] = Field(default=None, ge=1, description=_MAX_TOKENS)
    candidate_count: Opt[int] = Field(default=None, description="Number of answers.")
    response_mime_type: Opt[str] = Field(default=None, description="Media type of the answer.")


class AnthropicVertexAI(VertexAI):
    """Anthropic's models on Vertex AI."""

    max_tokens: Opt[int] = Field(default=None, description=_MAX_TOKENS)


class Guardrail(Model):
    """A guardrail of Bedrock."""

    identifier: str = Field(min_length=1, max_length=2048, description="Its id or ARN.")
    version: str = Field(min_length=1, max_length=8, description="Its version, or DRAFT.")
    trace: Literal["disabled", "enabled", "enabled_full"] = Field(
        default="disabled", description="How much of its decisions is reported."
    )


class Bedrock(Model):
    """Amazon Bedrock."""

    region: str = Field(description="Region, such as eu-central-1.")
    additional_model_request_fields: Any = Field(
        default=None, description="Passed to the model as they are."
    )
    prompt_caching: bool = Field(default=False, description="Mark the prompt for caching.")
    cache_ttl: Literal["5m", "1h"] = Field(
        default="5m", alias="cacheTTL", description="How long a cached prompt lives."
    )
    guardrail: Opt[Guardrail] = Field(default=None, description="Guardrail on every request.")
    read_timeout: Opt[int] = Field(
        default=None, ge=1, description="Time limit of an answer, in seconds."
    )
    connect_timeout: Opt[int] = Field(
        default=None, ge=1, description="Time limit of a connection, in seconds."
    )


class SapAICore(Model):
    """SAP AI Core."""

    base_url: str = Field(description="Address of the instance.")
    resource_group: str = Field(default="default", description="Resource group.")
    auth_url: Opt[str] = Field(default=None, description="Address that issues tokens.")


class ConfigMapKey(Model):
    """A key of a ConfigMap in the same namespace."""

    name: str = Field(default="", description="Name of the ConfigMap.")
    key: str = Field(description="Key whose value is taken.")
    optional: Opt[bool] = Field(default=None, description="Whether it may be missing.")


class Foundry(Model):
    """Azure AI Foundry."""

    endpoint: Opt[str] = Field(default=None, description="Address of the project.")
    endpoint_from: Opt[ConfigMapKey] = Field(
        default=None, description="Where the address is taken from, instead of `endpoint`."
    )
    deployment: str = Field(description="Name of the deployment.")
    api_version: str = Field(default="2024-10-21", description="Version of the API.")


class ModelConfigSpec(Model):
    """A model, its provider and how to reach it."""

    model: str = Field(description="Name of the model, as the provider calls it.")
    provider: Literal[
        "Anthropic",
        "OpenAI",
        "AzureOpenAI",
        "Ollama",
        "Gemini",
        "GeminiVertexAI",
        "AnthropicVertexAI",
        "Bedrock",
        "SAPAICore",
        "Foundry",
    ] = Field(default="OpenAI", description="Who serves the model.")
    api_key_secret: Opt[str] = Field(
        default=None, description="Secret in the same namespace that holds the API key."
    )
    api_key_secret_key: Opt[str] = Field(
        default=None, description="Key of that Secret; needed but for Bedrock and SAPAICore."
    )
    api_key_passthrough: Opt[bool] = Field(
        default=None, description="Use the caller's own bearer token instead of a key."
    )
    default_headers: dict[str, str] = Field(
        default_factory=dict, description="Headers sent with every request."
    )
    openai: Opt[OpenAI] = Field(
        default=None, alias="openAI", description="Settings of the provider OpenAI."
    )
    anthropic: Opt[Anthropic] = Field(
        default=None, description="Settings of the provider Anthropic."
    )
    azure_openai: Opt[AzureOpenAI] = Field(
        default=None, alias="azureOpenAI", description="Settings of the provider AzureOpenAI."
    )
    ollama: Opt[Ollama] = Field(default=None, description="Settings of the provider Ollama.")
    gemini: Opt[Gemini] = Field(default=None, description="Settings of the provider Gemini.")
    gemini_vertex_ai: Opt[GeminiVertexAI] = Field(
        default=None,
        alias="geminiVertexAI",
        description="Settings of the provider GeminiVertexAI.",
    )
    anthropic_vertex_ai: Opt[AnthropicVertexAI] = Field(
        default=None,
        alias="anthropicVertexAI",
        description="Settings of the provider AnthropicVertexAI.",
    )
    bedrock: Opt[Bedrock] = Field(default=None, description="Settings of the provider Bedrock.")
    sap_ai_core: Opt[SapAICore] = Field(
        default=None, alias="sapAICore", description="Settings of the provider SAPAICore."
    )
    foundry: Opt[Foundry] = Field(default=None, description="Settings of the provider Foundry.")
    tls: Opt[TLS] = Field(default=None, description="How the provider's certificate is checked.")
