from typing import Any

import pytest

from controller.definitions.checks import modelconfig
from controller.definitions.view import View

KEY = {"apiKeySecret": "s", "apiKeySecretKey": "k"}
EXCHANGE = {"type": "GDCHServiceAccount", "gdchServiceAccount": {"audience": "a"}}


def broken(spec: dict[str, Any]) -> list[tuple[str, str]]:
    found = modelconfig.check(View(spec, ("spec",)))
    return [(item.rule, "/".join(str(part) for part in item.path[1:])) for item in found]


@pytest.mark.parametrize(
    "spec",
    [
        {},
        KEY,
        {"openAI": {"temperature": "0.7", "topP": "1", "maxTokens": 5}},
        {"provider": "Anthropic", "anthropic": {"temperature": "1e-1"}, **KEY},
        {"provider": "Ollama", "ollama": {}},
        {"provider": "Bedrock", "bedrock": {"region": "r"}, "apiKeySecret": "s"},
        {"provider": "SAPAICore", "sapAICore": {"baseUrl": "u"}, "apiKeySecret": "s"},
        {"apiKeyPassthrough": True},
        {"apiKeyPassthrough": False, **KEY},
        {"provider": "Gemini", "apiKeyPassthrough": False},
        {"openAI": {"tokenExchange": EXCHANGE}, **KEY},
        {"provider": "Foundry", "foundry": {"endpoint": "e"}},
        {"provider": "Foundry", "foundry": {"endpointFrom": {}}},
        {"tls": {"caCertSecretRef": "s", "caCertSecretKey": "k", "disableSystemCAs": True}},
        {"tls": {"disableVerify": True, "disableSystemCAs": True}},
        {"defaultHeaders": {"X-Team": "a"}},
    ],
    ids=str,
)
def test_a_good_model_breaks_no_rule(spec: dict[str, Any]) -> None:
    assert broken(spec) == []


PROVIDERS = {
    "OpenAI": "openAI",
    "Anthropic": "anthropic",
    "AzureOpenAI": "azureOpenAI",
    "Ollama": "ollama",
    "Gemini": "gemini",
    "GeminiVertexAI": "geminiVertexAI",
    "AnthropicVertexAI": "anthropicVertexAI",
    "Bedrock": "bedrock",
    "SAPAICore": "sapAICore",
    "Foundry": "foundry",
}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_settings_of_a_provider_go_with_no_other(provider: str) -> None:
    block = PROVIDERS[provider]
    settings = {"endpoint": "e"} if provider == "Foundry" else {}
    other = "Anthropic" if provider != "Anthropic" else "Gemini"

    assert broken({"provider": provider, block: settings}) == []
    assert broken({"provider": other, block: settings}) == [("provider-block-mismatch", block)]


@pytest.mark.parametrize(
    "provider",
    ["AzureOpenAI", "GeminiVertexAI", "AnthropicVertexAI", "Bedrock", "SAPAICore", "Foundry"],
)
def test_a_provider_with_needed_settings_needs_its_block(provider: str) -> None:
    assert broken({"provider": provider}) == [("provider-block-missing", "provider")]


@pytest.mark.parametrize(
    ("spec", "rule", "path"),
    [
        ({"apiKeySecretKey": "k"}, "api-key-secret-missing", "apiKeySecretKey"),
        ({"apiKeySecret": "s"}, "api-key-missing", "apiKeySecret"),
        ({"apiKeyPassthrough": True, **KEY}, "passthrough-conflict", "apiKeyPassthrough"),
        (
            {"provider": "Gemini", "apiKeyPassthrough": True},
            "passthrough-unsupported",
            "apiKeyPassthrough",
        ),
        (
            {"openAI": {"tokenExchange": EXCHANGE}},
            "token-exchange-incomplete",
            "openAI/tokenExchange",
        ),
        (
            {"openAI": {"tokenExchange": {"type": "GDCHServiceAccount"}}, **KEY},
            "token-exchange-incomplete",
            "openAI/tokenExchange/type",
        ),
        (
            {"openAI": {"maxTokens": 1, "maxCompletionTokens": 1}},
            "max-tokens-conflict",
            "openAI/maxCompletionTokens",
        ),
        (
            {"provider": "Foundry", "foundry": {"endpoint": "", "deployment": "d"}},
            "foundry-endpoint",
            "foundry",
        ),
        (
            {"provider": "Foundry", "foundry": {"endpoint": "e", "endpointFrom": {}}},
            "foundry-endpoint",
            "foundry/endpointFrom",
        ),
        ({"tls": {"caCertSecretKey": "k"}}, "ca-secret-missing", "tls/caCertSecretKey"),
        ({"tls": {"caCertSecretRef": "s"}}, "ca-key-missing", "tls/caCertSecretRef"),
        ({"tls": {"disableSystemCAs": True}}, "tls-trusts-nothing", "tls/disableSystemCAs"),
        ({"openAI": {"topP": "high"}}, "not-a-number", "openAI/topP"),
        (
            {"defaultHeaders": {"X-Api-Key": "abc"}},
            "secret-in-git",
            "defaultHeaders/X-Api-Key",
        ),
        (
            {"provider": "AzureOpenAI", "azureOpenAI": {"azureAdToken": "abc"}},
            "secret-in-git",
            "azureOpenAI/azureAdToken",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_rule_is_broken_at_its_place(spec: dict[str, Any], rule: str, path: str) -> None:
    assert broken(spec) == [(rule, path)]


def test_an_exchanged_token_excludes_the_callers() -> None:
    spec = {"openAI": {"tokenExchange": EXCHANGE}, "apiKeyPassthrough": True}

    assert ("passthrough-conflict", "apiKeyPassthrough") in broken(spec)
