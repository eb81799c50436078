"""Every provider's options, as they arrive at a local server that takes the provider's place."""

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
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
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)


@pytest.fixture
def provider() -> Iterator[Provider]:
    seen = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.path = self.path
            seen.headers = {name.lower(): value for name, value in self.headers.items()}
            seen.body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            content = json.dumps(seen.answer).encode()
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
        read_timeout=20,
        connect_timeout=3,
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
