"""config.json and agent-card.json: what an agent's process is told at its start.

`render` writes these two files, `runtime` (or one of kagent's own runtime images) reads them, and
this module is all that the two share. Field names, defaults and required keys are those of
kagent-adk 0.10 (`AgentConfig`, and the `AgentCard` of A2A 0.3), so that either runtime understands
what Roster renders. What kagent's Python runtime has no key for, because it drops the option on the
way (temperature of Anthropic, Azure and Vertex models, for instance), stands here beside the rest
under the name that kagent's controller uses; its runtime ignores keys that it does not know.

Unknown keys are ignored on reading, as kagent does: an agent's image may be older than the
controller that wrote its files.

Secret values do not belong into these files. A header's value may hold references to environment
variables, written by `environment_reference` and resolved by `resolve_references`.
"""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

AGENT_TOOL_SEPARATOR = "__NS__"

_REFERENCE = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}")


def environment_reference(name: str) -> str:
    """The text that stands in a header's value for the environment variable `name`."""
    return f"${{env:{name}}}"


def resolve_references(value: str, environment: Mapping[str, str]) -> str:
    """Put the environment's values in the place of the references in `value`.

    Raises:
        KeyError: a variable is not set; its name is the error's argument.
    """
    return _REFERENCE.sub(lambda match: environment[match.group(1)], value)


def agent_identity(namespace: str, name: str) -> str:
    """How kagent names an agent where only letters, digits and `_` may stand.

    `default`, `agent-a` becomes `default__NS__agent_a`: the name of an agent used as a tool, and
    what an agent calls itself in its requests to the controller.
    """
    return f"{namespace}{AGENT_TOOL_SEPARATOR}{name}".replace("-", "_")


class _Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    def dump(self) -> str:
        """The file's text: keys sorted, nothing null, the same bytes for the same content."""
        content = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return json.dumps(content, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


class _Model(_Config):
    model: str
    headers: Mapping[str, str] | None = None
    tls_disable_verify: bool | None = Field(
        default=None,
        validation_alias=AliasChoices("tls_insecure_skip_verify", "tls_disable_verify"),
        serialization_alias="tls_insecure_skip_verify",
    )
    tls_ca_cert_path: str | None = None
    tls_disable_system_cas: bool | None = None
    api_key_passthrough: bool | None = None


class GDCHTokenExchange(_Config):
    """Google Distributed Cloud: a service account's key file is exchanged for tokens."""

    service_account_path: str
    audience: str


class TokenExchange(_Config):
    """How an OpenAI-compatible model's key is obtained at run time."""

    type: Literal["GDCHServiceAccount"]
    gdch_service_account: GDCHTokenExchange | None = None


class OpenAI(_Model):
    """OpenAI itself and everything that speaks its protocol."""

    type: Literal["openai"] = "openai"
    base_url: str | None = None
    api_format: Literal["chatCompletions", "responses"] | None = None
    frequency_penalty: float | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = Field(default=None, ge=1)
    n: int | None = None
    presence_penalty: float | None = None
    reasoning_effort: str | None = None
    seed: int | None = None
    temperature: float | None = None
    timeout: int | None = None
    top_p: float | None = None
    token_exchange: TokenExchange | None = None


class AzureOpenAI(_Model):
    """A deployment of Azure OpenAI; endpoint, API version and key come from the environment."""

    type: Literal["azure_openai"] = "azure_openai"
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None


class Foundry(_Model):
    """A deployment of Azure AI Foundry; known to kagent's Go runtime only."""

    type: Literal["foundry"] = "foundry"
    endpoint: str | None = None
    deployment: str | None = None
    api_version: str | None = None


class Anthropic(_Model):
    """Anthropic's API."""

    type: Literal["anthropic"] = "anthropic"
    base_url: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None


class Gemini(_Model):
    """Google's Gemini API."""

    type: Literal["gemini"] = "gemini"
    max_output_tokens: int | None = Field(default=None, ge=1)


class _Vertex(_Model):
    """Project, location and credentials come from the environment."""

    max_output_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = None
    top_p: float | None = None
    top_k: float | None = None
    stop_sequences: tuple[str, ...] | None = None
    candidate_count: int | None = None
    response_mime_type: str | None = None


class GeminiVertexAI(_Vertex):
    """Gemini on Vertex AI."""

    type: Literal["gemini_vertex_ai"] = "gemini_vertex_ai"


class GeminiAnthropic(_Vertex):
    """Claude on Vertex AI; kagent calls the type `gemini_anthropic`."""

    type: Literal["gemini_anthropic"] = "gemini_anthropic"
    max_tokens: int | None = None


class Ollama(_Model):
    """An Ollama server; its address comes from OLLAMA_API_BASE."""

    type: Literal["ollama"] = "ollama"
    options: Mapping[str, str] | None = None


class BedrockGuardrail(_Config):
    """A guardrail of Amazon Bedrock."""

    identifier: str
    version: str
    trace: str | None = None


class Bedrock(_Model):
    """Amazon Bedrock; credentials come from the environment or the pod's identity."""

    type: Literal["bedrock"] = "bedrock"
    region: str | None = None
    additional_model_request_fields: Mapping[str, Any] | None = None
    prompt_caching: bool = False
    cache_ttl: Literal["5m", "1h"] | None = None
    read_timeout: int | None = Field(default=None, ge=1)
    connect_timeout: int | None = Field(default=None, ge=1)
    guardrail: BedrockGuardrail | None = None


class SAPAICore(_Model):
    """SAP AI Core."""

    type: Literal["sap_ai_core"] = "sap_ai_core"
    base_url: str | None = None
    resource_group: str = "default"
    auth_url: str | None = None


Model = Annotated[
    OpenAI
    | AzureOpenAI
    | Foundry
    | Anthropic
    | Gemini
    | GeminiVertexAI
    | GeminiAnthropic
    | Ollama
    | Bedrock
    | SAPAICore,
    Field(discriminator="type"),
]


class SseConnection(_Config):
    """Where an MCP server is; times in seconds."""

    url: str
    headers: Mapping[str, str] | None = None
    timeout: float = 5.0
    sse_read_timeout: float = 300.0
    tls_insecure_skip_verify: bool | None = None
    tls_ca_cert_path: str | None = None
    tls_disable_system_cas: bool | None = None


class HttpConnection(SseConnection):
    """The same for streamable HTTP."""

    terminate_on_close: bool = True


class _McpServer(_Config):
    tools: tuple[str, ...] = ()
    """Names of the tools that the agent may use; none means all of them."""
    allowed_headers: tuple[str, ...] | None = None
    """Headers of the caller's request that are passed on to the server."""
    require_approval: tuple[str, ...] | None = None
    """Tools that run only after a person has said yes."""

    @model_validator(mode="before")
    @classmethod
    def _with_tls_in_params(cls, server: Any) -> Any:
        """Take TLS from beside `params` too: kagent's controller writes it there or inside."""
        if not isinstance(server, dict) or not isinstance(server.get("params"), dict):
            return server
        beside = {key: server[key] for key in server if key.startswith("tls_")}
        return {**server, "params": {**beside, **server["params"]}}


class HttpMcpServer(_McpServer):
    """An MCP server that is spoken to by streamable HTTP."""

    params: HttpConnection


class SseMcpServer(_McpServer):
    """An MCP server that is spoken to by server-sent events, the older transport."""

    params: SseConnection


class RemoteAgent(_Config):
    """Another agent, offered to this one's model as a tool."""

    name: str
    """`agent_identity` of it."""
    url: str
    headers: Mapping[str, str] | None = None
    timeout: float = 600.0
    description: str = ""
    isolate_sessions: bool = False


class Embedding(_Config):
    """The model that turns memories into vectors."""

    provider: str
    model: str
    base_url: str | None = None
    api_key_passthrough: bool = False


class Memory(_Config):
    """Long-term memory; `ttl_days` 0 keeps what is remembered for good."""

    ttl_days: int = 0
    embedding: Embedding | None = None


class Compaction(_Config):
    """When and how a long conversation is summarised."""

    compaction_interval: int
    overlap_size: int
    summarizer_model: Model | None = None
    prompt_template: str | None = None
    token_threshold: int | None = None
    event_retention_size: int | None = None


class Context(_Config):
    """What happens to a conversation that grows long."""

    compaction: Compaction | None = None


class Network(_Config):
    """Where code that the agent runs may connect to."""

    allowed_domains: tuple[str, ...] = ()


class AgentConfig(_Config):
    """config.json."""

    model: Model
    description: str
    instruction: str
    """The system prompt, templates resolved."""
    http_tools: tuple[HttpMcpServer, ...] | None = None
    sse_tools: tuple[SseMcpServer, ...] | None = None
    remote_agents: tuple[RemoteAgent, ...] | None = None
    execute_code: bool | None = None
    stream: bool | None = None
    """Whether the model is asked to stream its answer; A2A streams in either case."""
    memory: Memory | None = None
    network: Network | None = None
    context_config: Context | None = None
    share_tools: bool | None = None
    session_db_url: str | None = None


class _Card(_Config):
    model_config = ConfigDict(alias_generator=to_camel)


class CardProvider(_Card):
    """Who offers the agent."""

    organization: str
    url: str


class CardSkill(_Card):
    """One thing that the agent can do. kagent's runtime refuses to start without `tags`."""

    id: str
    name: str
    description: str = ""
    tags: tuple[str, ...] = ()
    examples: tuple[str, ...] | None = None
    input_modes: tuple[str, ...] | None = None
    output_modes: tuple[str, ...] | None = None


class CardCapabilities(_Card):
    """What of the protocol's optional parts the agent speaks."""

    streaming: bool = True
    push_notifications: bool | None = None
    state_transition_history: bool | None = None


class CardInterface(_Card):
    """One address of the agent and the protocol version spoken there."""

    url: str
    protocol_binding: str = "JSONRPC"
    protocol_version: str


class AgentCard(_Card):
    """agent-card.json: A2A 0.3 at the top level, the interfaces of 1.0 in `supportedInterfaces`."""

    name: str
    description: str
    version: str = ""
    url: str
    protocol_version: str = "0.3"
    preferred_transport: str = "JSONRPC"
    supported_interfaces: tuple[CardInterface, ...] = ()
    capabilities: CardCapabilities = CardCapabilities()
    skills: tuple[CardSkill, ...] = ()
    default_input_modes: tuple[str, ...] = ("text",)
    default_output_modes: tuple[str, ...] = ("text",)
    icon_url: str | None = None
    documentation_url: str | None = None
    provider: CardProvider | None = None


def both_versions(url: str) -> tuple[CardInterface, ...]:
    """The interfaces of an agent that speaks A2A 0.3 and 1.0 at one address, in kagent's order."""
    return tuple(CardInterface(url=url, protocol_version=version) for version in ("0.3", "1.0"))
