import json
from pathlib import Path

import jsonschema_rs
import pytest
from pydantic import TypeAdapter, ValidationError

from controller.definitions import agentconfig

SCHEMA = json.loads(Path(__file__).with_name("kagent-config.schema.json").read_text())
KAGENT = jsonschema_rs.validator_for(SCHEMA)

MODELS = [
    agentconfig.OpenAI(model="m", temperature=0.5, max_tokens=5, api_format="responses"),
    agentconfig.AzureOpenAI(model="m", temperature=0.5),
    agentconfig.Anthropic(model="m", top_k=3, tls_disable_verify=True),
    agentconfig.Gemini(model="m", max_output_tokens=5),
    agentconfig.GeminiVertexAI(model="m", stop_sequences=("a",)),
    agentconfig.GeminiAnthropic(model="m", max_tokens=5),
    agentconfig.Ollama(model="m", options={"num_ctx": "2048"}),
    agentconfig.Bedrock(model="m", region="eu-central-1", cache_ttl="5m"),
    agentconfig.SAPAICore(model="m", base_url="https://sap.example"),
]


def config(model: agentconfig.Model) -> agentconfig.AgentConfig:
    return agentconfig.AgentConfig(
        model=model,
        description="d",
        instruction="i",
        http_tools=(
            agentconfig.HttpMcpServer(
                params=agentconfig.HttpConnection(url="http://tools:1/mcp"),
                tools=("a", "b"),
                allowed_headers=("x-tenant",),
                require_approval=("b",),
            ),
        ),
        sse_tools=(
            agentconfig.SseMcpServer(params=agentconfig.SseConnection(url="http://tools:1/sse")),
        ),
        remote_agents=(
            agentconfig.RemoteAgent(
                name=agentconfig.agent_identity("team-a", "helper"), url="http://helper.team-a:8080"
            ),
        ),
        memory=agentconfig.Memory(
            ttl_days=15, embedding=agentconfig.Embedding(provider="openai", model="e")
        ),
        context_config=agentconfig.Context(
            compaction=agentconfig.Compaction(
                compaction_interval=5, overlap_size=2, summarizer_model=model
            )
        ),
        network=agentconfig.Network(allowed_domains=("example.org",)),
    )


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.type)
def test_config_is_valid_for_kagents_runtime(model: agentconfig.Model) -> None:
    text = config(model).dump()

    KAGENT.validate(json.loads(text))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.type)
def test_config_survives_writing_and_reading(model: agentconfig.Model) -> None:
    original = config(model)

    assert agentconfig.AgentConfig.model_validate_json(original.dump()) == original


def test_every_model_of_kagents_schema_is_known() -> None:
    theirs = SCHEMA["properties"]["model"]["discriminator"]["mapping"]
    ours = TypeAdapter(agentconfig.Model).json_schema()["discriminator"]["mapping"]

    assert set(theirs) <= set(ours)


@pytest.mark.parametrize(
    ("definition", "model"),
    [
        (name, model)
        for name, model in {
            "OpenAI": agentconfig.OpenAI,
            "AzureOpenAI": agentconfig.AzureOpenAI,
            "Anthropic": agentconfig.Anthropic,
            "Gemini": agentconfig.Gemini,
            "GeminiVertexAI": agentconfig.GeminiVertexAI,
            "GeminiAnthropic": agentconfig.GeminiAnthropic,
            "Ollama": agentconfig.Ollama,
            "Bedrock": agentconfig.Bedrock,
            "SAPAICore": agentconfig.SAPAICore,
            "HttpMcpServerConfig": agentconfig.HttpMcpServer,
            "SseMcpServerConfig": agentconfig.SseMcpServer,
            "RemoteAgentConfig": agentconfig.RemoteAgent,
            "MemoryConfig": agentconfig.Memory,
            "ContextCompressionSettings": agentconfig.Compaction,
        }.items()
    ],
)
def test_no_field_of_kagents_schema_is_missing(
    definition: str, model: type[agentconfig.AgentConfig]
) -> None:
    theirs = set(SCHEMA["$defs"][definition]["properties"])
    params = model.model_fields.get("params")
    lifted = params.annotation.model_fields if params else {}  # kagent-adk takes TLS from there

    assert theirs - set(model.model_fields) - set(lifted) == set()


def test_the_same_content_gives_the_same_text_without_nulls() -> None:
    first = agentconfig.OpenAI(model="m", headers={"b": "2", "a": "1"})
    second = agentconfig.OpenAI(headers={"a": "1", "b": "2"}, model="m")

    assert config(first).dump() == config(second).dump()
    assert "null" not in config(first).dump()


def test_unknown_model_type_is_refused() -> None:
    document = {"model": {"type": "magic", "model": "m"}, "description": "", "instruction": ""}

    with pytest.raises(ValidationError, match="magic"):
        agentconfig.AgentConfig.model_validate(document)


@pytest.mark.parametrize("key", ["tls_disable_verify", "tls_insecure_skip_verify"])
def test_both_names_for_unverified_tls_are_read(key: str) -> None:
    model = agentconfig.OpenAI.model_validate({"type": "openai", "model": "m", key: True})

    assert model.tls_disable_verify is True


def test_tls_of_a_server_is_read_beside_its_params_and_inside() -> None:
    tls = {"tls_ca_cert_path": "/ca"}
    beside = {"params": {"url": "http://a"}, **tls}
    inside = {"params": {"url": "http://a", **tls}}

    servers = [agentconfig.HttpMcpServer.model_validate(item) for item in (beside, inside)]

    assert [server.params.tls_ca_cert_path for server in servers] == ["/ca", "/ca"]


def test_card_has_both_protocol_versions() -> None:
    url = "http://helper.team-a:8080"
    card = agentconfig.AgentCard(
        name="helper",
        description="helps",
        url=url,
        supported_interfaces=agentconfig.both_versions(url),
        skills=(agentconfig.CardSkill(id="s", name="S"),),
    )

    assert json.loads(card.dump()) == {
        "name": "helper",
        "description": "helps",
        "version": "",
        "url": url,
        "protocolVersion": "0.3",
        "preferredTransport": "JSONRPC",
        "supportedInterfaces": [
            {"url": url, "protocolBinding": "JSONRPC", "protocolVersion": "0.3"},
            {"url": url, "protocolBinding": "JSONRPC", "protocolVersion": "1.0"},
        ],
        "capabilities": {"streaming": True},
        "skills": [{"id": "s", "name": "S", "description": "", "tags": []}],
        "defaultInputModes": ["text"],
        "defaultOutputModes": ["text"],
    }


def test_identity_is_the_one_kagent_uses() -> None:
    assert agentconfig.agent_identity("team-a", "agent-b") == "team_a__NS__agent_b"


def test_references_are_resolved_from_the_environment() -> None:
    value = "Bearer " + agentconfig.environment_reference("TOKEN")

    assert value == "Bearer ${env:TOKEN}"
    assert agentconfig.resolve_references(value, {"TOKEN": "s3cret"}) == "Bearer s3cret"
    with pytest.raises(KeyError, match="TOKEN"):
        agentconfig.resolve_references(value, {})
