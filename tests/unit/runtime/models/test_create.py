"""Every provider's options, as they arrive at a local server that takes the provider's place."""

import asyncio
import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from pydantic_ai.exceptions import AgentRunError
from pydantic_ai.messages import ModelRequest
from pydantic_ai.models import ModelRequestParameters

from controller.definitions import agentconfig
from controller.errors import PermanentError
from controller.runtime import models

OPENAI_CHAT = {
    "id": "1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "yes"}}
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
OPENAI_RESPONSE = {
    "id": "1",
    "object": "response",
    "created_at": 1,
    "model": "m",
    "status": "completed",
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "output": [
        {
            "type": "message",
            "id": "m1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "yes", "annotations": []}],
        }
    ],
}
ANTHROPIC = {
    "id": "1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "yes"}],
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
GEMINI = {
    "candidates": [
        {"content": {"role": "model", "parts": [{"text": "yes"}]}, "finishReason": "STOP"}
    ],
    "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
}
BEDROCK = {
    "output": {"message": {"role": "assistant", "content": [{"text": "yes"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
    "metrics": {"latencyMs": 1},
}


@dataclass
class Provider:
    """A server that answers every request alike and remembers the last."""

    url: str = ""
    answer: Mapping[str, Any] = field(default_factory=dict)
    token: Mapping[str, Any] = field(default_factory=dict)
    """What `/token` answers: Google's cloud exchanges credentials there."""
    delay_s: float = 0.0
    stopped: threading.Event = field(default_factory=threading.Event)
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)


@pytest.fixture
def provider() -> Iterator[Provider]:
    seen = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = self.rfile.read(int(self.headers["content-length"]))
            answer = seen.token
            if self.path != "/token":
                answer = seen.answer
                seen.path = self.path
                seen.headers = {name.lower(): value for name, value in self.headers.items()}
                seen.body = json.loads(said)
            seen.stopped.wait(seen.delay_s)
            content = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        seen.url = f"http://127.0.0.1:{server.server_port}"
        yield seen
        seen.stopped.set()
        server.shutdown()


def ask(
    model: agentconfig.Model,
    environment: Mapping[str, str],
    caller: Mapping[str, str] | None = None,
) -> str:
    async def asked() -> str:
        configured = models.create(model, environment)
        async with configured.model as ready:
            response = await ready.request(
                [ModelRequest.user_text_prompt("well?")],
                configured.settings_for(caller or {}),
                ModelRequestParameters(),
            )
        return response.text or ""

    return asyncio.run(asked())


def subset(of: Mapping[str, Any], expected: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: of.get(name) for name in expected}


def test_openai_options_arrive(provider: Provider) -> None:
    provider.answer = OPENAI_CHAT
    model = agentconfig.OpenAI(
        model="m",
        base_url=f"{provider.url}/v1",
        headers={"x-team": "a", "x-secret": agentconfig.environment_reference("SECRET")},
        frequency_penalty=0.1,
        presence_penalty=0.2,
        max_tokens=7,
        n=1,
        seed=3,
        temperature=0.4,
        top_p=0.5,
        reasoning_effort="low",
    )

    assert ask(model, {"OPENAI_API_KEY": "k", "SECRET": "s"}) == "yes"
    assert provider.path == "/v1/chat/completions"
    assert provider.headers["authorization"] == "Bearer k"
    assert provider.headers["x-team"] == "a"
    assert provider.headers["x-secret"] == "s"
    expected = {
        "model": "m",
        "frequency_penalty": 0.1,
        "presence_penalty": 0.2,
        "max_completion_tokens": 7,
        "n": 1,
        "seed": 3,
        "temperature": 0.4,
        "top_p": 0.5,
        "reasoning_effort": "low",
    }
    assert subset(provider.body, expected) == expected


def test_openais_responses_api_is_used_when_asked_for(provider: Provider) -> None:
    provider.answer = OPENAI_RESPONSE
    model = agentconfig.OpenAI(
        model="m", base_url=f"{provider.url}/v1", api_format="responses", max_completion_tokens=9
    )

    assert ask(model, {}) == "yes"
    assert provider.path == "/v1/responses"
    assert provider.body["max_output_tokens"] == 9


def test_the_callers_key_is_passed_through(provider: Provider) -> None:
    provider.answer = OPENAI_CHAT
    model = agentconfig.OpenAI(
        model="m", base_url=f"{provider.url}/v1", headers={"x-team": "a"}, api_key_passthrough=True
    )

    ask(model, {}, {"authorization": "Bearer of-the-caller"})

    assert provider.headers["authorization"] == "Bearer of-the-caller"
    assert provider.headers["x-team"] == "a"


def test_azure_options_arrive(provider: Provider) -> None:
    provider.answer = OPENAI_CHAT
    model = agentconfig.AzureOpenAI(model="gpt-x", temperature=0.4, max_tokens=7, top_p=0.5)
    environment = {
        "AZURE_OPENAI_ENDPOINT": provider.url,
        "OPENAI_API_VERSION": "2024-10-21",
        "AZURE_OPENAI_API_KEY": "k",
    }

    assert ask(model, environment) == "yes"
    assert provider.path == ("/openai/deployments/gpt-x/chat/completions?api-version=2024-10-21")
    assert provider.headers["api-key"] == "k"
    expected = {"temperature": 0.4, "max_completion_tokens": 7, "top_p": 0.5}
    assert subset(provider.body, expected) == expected


def test_ollama_options_arrive(provider: Provider) -> None:
    provider.answer = OPENAI_CHAT
    options = {"num_ctx": "2048", "temperature": "0.4", "num_predict": "7", "mirostat": "1"}
    model = agentconfig.Ollama(model="qwen3", options=options)

    assert ask(model, {"OLLAMA_API_BASE": provider.url}) == "yes"
    assert provider.path == "/v1/chat/completions"
    assert provider.body["temperature"] == 0.4
    assert 7 in (provider.body.get("max_tokens"), provider.body.get("max_completion_tokens"))
    assert provider.body["options"] == {"num_ctx": 2048, "mirostat": 1}


def test_anthropic_options_arrive(provider: Provider) -> None:
    provider.answer = ANTHROPIC
    model = agentconfig.Anthropic(
        model="claude", base_url=provider.url, max_tokens=7, temperature=0.4, top_k=3
    )

    assert ask(model, {"ANTHROPIC_API_KEY": "k"}) == "yes"
    assert provider.path.startswith("/v1/messages")
    assert "k" in (
        provider.headers.get("x-api-key"),
        provider.headers.get("authorization", "")[-1:],
    )
    expected = {"model": "claude", "max_tokens": 7, "temperature": 0.4, "top_k": 3}
    assert subset(provider.body, expected) == expected


def test_gemini_options_arrive(provider: Provider) -> None:
    provider.answer = GEMINI
    model = agentconfig.Gemini(model="gemini-x", max_output_tokens=7)
    environment = {"GOOGLE_API_KEY": "k", "GOOGLE_GEMINI_BASE_URL": provider.url}

    assert ask(model, environment) == "yes"
    assert provider.path.endswith("/models/gemini-x:generateContent")
    assert provider.headers["x-goog-api-key"] == "k"
    assert provider.body["generationConfig"]["maxOutputTokens"] == 7


def test_bedrock_options_arrive(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    provider.answer = BEDROCK
    model = agentconfig.Bedrock(
        model="amazon.nova",
        region="eu-central-1",
        additional_model_request_fields={"reasoning": "low"},
        guardrail=agentconfig.BedrockGuardrail(identifier="g", version="1", trace="enabled"),
        read_timeout=60,
        connect_timeout=30,
    )

    assert ask(model, {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": provider.url}) == "yes"
    assert provider.path == "/model/amazon.nova/converse"
    assert "/eu-central-1/bedrock/" in provider.headers["authorization"]
    assert provider.body["additionalModelRequestFields"] == {"reasoning": "low"}
    assert provider.body["guardrailConfig"] == {
        "guardrailIdentifier": "g",
        "guardrailVersion": "1",
        "trace": "enabled",
    }


@pytest.mark.parametrize(
    ("model", "named"),
    [
        (agentconfig.OpenAI(model="m"), "OPENAI_API_KEY"),
        (agentconfig.Anthropic(model="m"), "ANTHROPIC_API_KEY"),
        (agentconfig.Gemini(model="m"), "GOOGLE_API_KEY"),
        (agentconfig.GeminiAnthropic(model="m"), "GOOGLE_CLOUD_PROJECT"),
        (agentconfig.AzureOpenAI(model="m"), "endpoint"),
        (agentconfig.Bedrock(model="m"), "region"),
        (agentconfig.SAPAICore(model="m"), "SAP AI Core"),
        (
            agentconfig.OpenAI(
                model="m", token_exchange=agentconfig.TokenExchange(type="GDCHServiceAccount")
            ),
            "tokenExchange",
        ),
        (agentconfig.OpenAI(model="m", base_url="http://m", tls_ca_cert_path="/no/ca"), "/no/ca"),
    ],
    ids=lambda value: getattr(value, "type", None),
)
def test_what_is_missing_is_named_with_a_remedy(model: agentconfig.Model, named: str) -> None:
    with pytest.raises(PermanentError, match=named) as caught:
        models.create(model, {})

    assert caught.value.remedy


def test_unverified_tls_takes_a_client_of_its_own() -> None:
    model = agentconfig.OpenAI(model="m", base_url="https://m/v1", tls_disable_verify=True)

    created = models.create(model, {})

    assert created.model.model_name == "m"


@pytest.fixture
def vertex(provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Google's cloud, played by the local server: credentials, project and address."""
    file = tmp_path / "credentials.json"
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    account = {
        "type": "service_account",
        "client_email": "a@p.iam.gserviceaccount.com",
        "private_key": key.decode(),
        "token_uri": f"{provider.url}/token",
    }
    file.write_text(json.dumps(account))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    monkeypatch.setenv("GOOGLE_VERTEX_BASE_URL", provider.url)
    monkeypatch.setenv("ANTHROPIC_VERTEX_BASE_URL", f"{provider.url}/v1")
    provider.token = {"access_token": "t0k", "expires_in": 3600, "token_type": "Bearer"}
    return {"GOOGLE_CLOUD_PROJECT": "p", "GOOGLE_CLOUD_LOCATION": "europe-west1"}


def test_gemini_on_vertex_options_arrive(provider: Provider, vertex: dict[str, str]) -> None:
    provider.answer = GEMINI
    model = agentconfig.GeminiVertexAI(
        model="gemini-x",
        max_output_tokens=7,
        temperature=0.4,
        top_p=0.5,
        top_k=3,
        stop_sequences=("stop",),
        candidate_count=1,
        response_mime_type="text/plain",
        headers={"x-team": "a"},
    )

    assert ask(model, vertex) == "yes"
    place = "/projects/p/locations/europe-west1/publishers/google/models/gemini-x:generateContent"
    assert provider.path.endswith(place)
    assert provider.headers["authorization"] == "Bearer t0k"
    assert provider.headers["x-team"] == "a"
    expected = {
        "maxOutputTokens": 7,
        "temperature": 0.4,
        "topP": 0.5,
        "topK": 3,
        "stopSequences": ["stop"],
        "candidateCount": 1,
        "responseMimeType": "text/plain",
    }
    assert subset(provider.body["generationConfig"], expected) == expected


def test_claude_on_vertex_options_arrive(provider: Provider, vertex: dict[str, str]) -> None:
    provider.answer = ANTHROPIC
    model = agentconfig.GeminiAnthropic(
        model="claude", max_tokens=7, temperature=0.4, top_p=0.5, top_k=3, stop_sequences=("stop",)
    )

    assert ask(model, vertex) == "yes"
    place = "/projects/p/locations/europe-west1/publishers/anthropic/models/claude:rawPredict"
    assert provider.path.endswith(place)
    assert provider.headers["authorization"] == "Bearer t0k"
    expected = {"max_tokens": 7, "temperature": 0.4, "top_k": 3, "stop_sequences": ["stop"]}
    assert subset(provider.body, expected) == expected


def test_azures_foundry_is_spoken_to_by_its_deployment(provider: Provider) -> None:
    provider.answer = OPENAI_CHAT
    model = agentconfig.Foundry(
        model="gpt-x", endpoint=provider.url, deployment="d", api_version="v1"
    )

    assert ask(model, {"FOUNDRY_API_KEY": "k"}) == "yes"
    assert "chat/completions" in provider.path
    assert provider.headers["api-key"] == "k"


def test_bedrock_caches_prompts_when_asked_to(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    provider.answer = BEDROCK
    model = agentconfig.Bedrock(
        model="amazon.nova-pro-v1:0", region="r", prompt_caching=True, cache_ttl="1h"
    )

    assert ask(model, {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": provider.url}) == "yes"
    assert "cachePoint" in json.dumps(provider.body)


@pytest.mark.parametrize(
    ("model", "answer", "environment", "header", "expected"),
    [
        (
            {"kind": agentconfig.Anthropic, "base_url": "{url}"},
            ANTHROPIC,
            {},
            "x-api-key",
            "of-the-caller",
        ),
        (
            {"kind": agentconfig.AzureOpenAI},
            OPENAI_CHAT,
            {"AZURE_OPENAI_ENDPOINT": "{url}", "OPENAI_API_VERSION": "v"},
            "api-key",
            "of-the-caller",
        ),
        (
            {"kind": agentconfig.OpenAI, "base_url": "{url}/v1", "api_format": "responses"},
            OPENAI_RESPONSE,
            {},
            "authorization",
            "Bearer of-the-caller",
        ),
    ],
    ids=["anthropic", "azure", "responses"],
)
def test_every_family_passes_the_callers_key_through(  # noqa: PLR0917
    provider: Provider,
    model: dict[str, Any],
    answer: dict[str, Any],
    environment: dict[str, str],
    header: str,
    expected: str,
) -> None:
    provider.answer = answer
    fields = {k: v.format(url=provider.url) for k, v in model.items() if isinstance(v, str)}
    configured = model["kind"](model="m", api_key_passthrough=True, **fields)
    places = {name: value.format(url=provider.url) for name, value in environment.items()}

    ask(configured, places, {"authorization": "Bearer of-the-caller"})

    assert provider.headers[header] == expected


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that only its own authority vouches for, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "local")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "ca.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, secret


@pytest.fixture
def secure(authority: tuple[Path, Path]) -> Iterator[str]:
    """A model behind TLS, with a certificate that no system trusts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            content = json.dumps(OPENAI_CHAT).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


@pytest.mark.parametrize("no_system_cas", [False, True])
def test_an_authority_of_ones_own_is_trusted(
    secure: str, authority: tuple[Path, Path], no_system_cas: bool
) -> None:
    model = agentconfig.OpenAI(
        model="m",
        base_url=secure,
        tls_ca_cert_path=str(authority[0]),
        tls_disable_system_cas=no_system_cas,
    )

    assert ask(model, {}) == "yes"


def test_verification_can_be_switched_off(secure: str) -> None:
    model = agentconfig.OpenAI(model="m", base_url=secure, tls_disable_verify=True)

    assert ask(model, {}) == "yes"


def test_an_unknown_authority_is_not_trusted(secure: str) -> None:
    with pytest.raises(AgentRunError):
        ask(agentconfig.OpenAI(model="m", base_url=secure), {})


def test_a_model_that_is_too_slow_is_given_up(provider: Provider) -> None:
    provider.answer, provider.delay_s = OPENAI_CHAT, 60.0
    model = agentconfig.OpenAI(model="m", base_url=f"{provider.url}/v1", timeout=1)

    with pytest.raises(AgentRunError):
        ask(model, {})
