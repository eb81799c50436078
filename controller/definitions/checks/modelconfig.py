"""Rules of the kind ModelConfig: the CEL rules of kagent's CRD, and what it parses later."""

import re
from collections.abc import Iterator

from controller.definitions.checks import values
from controller.definitions.view import View
from controller.definitions.violation import Violation, dotted

_BLOCKS = {
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
_NEED_BLOCK = frozenset(
    {
        "AzureOpenAI",
        "Ollama",
        "GeminiVertexAI",
        "AnthropicVertexAI",
        "Bedrock",
        "SAPAICore",
        "Foundry",
    }
)
_KEYLESS = frozenset({"Bedrock", "SAPAICore"})  # They take several keys of the Secret by name.
_NO_PASSTHROUGH = frozenset({"Gemini", "GeminiVertexAI", "AnthropicVertexAI"})
_NUMBERS = ("temperature", "topP", "topK", "frequencyPenalty", "presencePenalty")
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")


def check(spec: View) -> Iterator[Violation]:
    """Check the spec of a ModelConfig."""
    provider = spec["provider"].text or "OpenAI"
    yield from _blocks(spec, provider)
    yield from _api_key(spec, provider)
    yield from _passthrough(spec, provider)
    yield from _token_exchange(spec)
    yield from _max_tokens(spec["openAI"])
    yield from _foundry(spec["foundry"])
    yield from values.tls(spec["tls"])
    yield from _numbers(spec)
    for header in spec["defaultHeaders"].each():
        yield from values.literal_secret(str(header.path[-1]), header)
    yield from values.literal_secret("token", spec.at("azureOpenAI", "azureAdToken"))


def _blocks(spec: View, provider: str) -> Iterator[Violation]:
    for owner, block in _BLOCKS.items():
        if spec[block] and owner != provider and provider in _BLOCKS:
            yield Violation(
                rule="provider-block-mismatch",
                path=spec[block].path,
                message=f"'{block}' is for the provider {owner}, and the provider is {provider}",
                remedy=f"Remove '{block}', or set 'provider: {owner}'.",
            )
    if provider in _NEED_BLOCK and not spec[_BLOCKS[provider]]:
        yield Violation(
            rule="provider-block-missing",
            path=spec["provider"].path,
            message=f"the provider {provider} needs settings in '{_BLOCKS[provider]}'",
            remedy=f"Add 'spec.{_BLOCKS[provider]}'.",
        )


def _api_key(spec: View, provider: str) -> Iterator[Violation]:
    secret, key = spec["apiKeySecret"], spec["apiKeySecretKey"]
    if key and not secret:
        yield Violation(
            rule="api-key-secret-missing",
            path=key.path,
            message="'apiKeySecretKey' names a key, and no Secret is named",
            remedy="Add 'apiKeySecret' with the name of the Secret.",
        )
    if secret and not key and provider not in _KEYLESS:
        yield Violation(
            rule="api-key-missing",
            path=secret.path,
            message="'apiKeySecret' names a Secret, and no key of it",
            remedy="Add 'apiKeySecretKey', such as OPENAI_API_KEY.",
        )


def _passthrough(spec: View, provider: str) -> Iterator[Violation]:
    passthrough = spec["apiKeyPassthrough"]
    if not passthrough.is_true:
        return
    if spec["apiKeySecret"].text:
        yield Violation(
            rule="passthrough-conflict",
            path=passthrough.path,
            message="'apiKeyPassthrough' and 'apiKeySecret' exclude each other",
            remedy="Keep one of them.",
        )
    if spec.at("openAI", "tokenExchange"):
        yield Violation(
            rule="passthrough-conflict",
            path=passthrough.path,
            message="'apiKeyPassthrough' and 'openAI.tokenExchange' exclude each other",
            remedy="Keep one of them.",
        )
    if provider in _NO_PASSTHROUGH:
        yield Violation(
            rule="passthrough-unsupported",
            path=passthrough.path,
            message=f"the provider {provider} takes no key from the caller",
            remedy="Remove 'apiKeyPassthrough', and add 'apiKeySecret'.",
        )


def _token_exchange(spec: View) -> Iterator[Violation]:
    exchange = spec.at("openAI", "tokenExchange")
    if exchange and not spec["apiKeySecret"].text:
        yield Violation(
            rule="token-exchange-incomplete",
            path=exchange.path,
            message="'openAI.tokenExchange' needs the service account's Secret",
            remedy="Add 'apiKeySecret' and 'apiKeySecretKey'.",
        )
    if exchange["type"].text == "GDCHServiceAccount" and not exchange["gdchServiceAccount"]:
        yield Violation(
            rule="token-exchange-incomplete",
            path=exchange["type"].path,
            message="the type GDCHServiceAccount needs 'gdchServiceAccount'",
            remedy="Add 'gdchServiceAccount' with its 'audience'.",
        )


def _max_tokens(openai: View) -> Iterator[Violation]:
    if openai["maxTokens"] and openai["maxCompletionTokens"]:
        yield Violation(
            rule="max-tokens-conflict",
            path=openai["maxCompletionTokens"].path,
            message="'maxTokens' and 'maxCompletionTokens' exclude each other",
            remedy="Keep 'maxCompletionTokens' for reasoning models, else 'maxTokens'.",
        )


def _foundry(foundry: View) -> Iterator[Violation]:
    if not foundry:
        return
    endpoint, source = foundry["endpoint"], foundry["endpointFrom"]
    if endpoint.text and source:
        yield Violation(
            rule="foundry-endpoint",
            path=source.path,
            message="'endpoint' and 'endpointFrom' exclude each other",
            remedy="Keep one of them.",
        )
    if not endpoint.text and not source:
        yield Violation(
            rule="foundry-endpoint",
            path=foundry.path,
            message="'foundry' has no endpoint",
            remedy="Add 'endpoint', or 'endpointFrom' with a key of a ConfigMap.",
        )


def _numbers(spec: View) -> Iterator[Violation]:
    for block in filter(None, (spec[name] for name in _BLOCKS.values())):
        for number in (block[name] for name in _NUMBERS):
            if number.text and not _NUMBER.fullmatch(number.text):
                yield Violation(
                    rule="not-a-number",
                    path=number.path,
                    message=f"{dotted(number.path)} is text that is no number",
                    remedy='Write a number in quotes, such as "0.7".',
                )
