"""Ollama, by the OpenAI-compatible side of its server."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.ollama import OllamaProvider

from controller.definitions import agentconfig
from controller.runtime.models.configured import ConfiguredModel, chat_client, common_settings
from controller.runtime.models.ready import ReadyOpenAI

_DEFAULT_ADDRESS = "http://localhost:11434"

_SETTINGS = {"temperature": float, "top_p": float, "seed": int}
"""Options of Ollama that OpenAI's protocol has a field for; the rest go into `options`."""


def create(model: agentconfig.Ollama, environment: Mapping[str, str]) -> ConfiguredModel:
    """A model on an Ollama server."""
    address = environment.get("OLLAMA_API_BASE") or _DEFAULT_ADDRESS
    base_url = address.rstrip("/").removesuffix("/v1") + "/v1"
    http = chat_client(model)
    client = ReadyOpenAI(base_url=base_url, api_key="none", http_client=http)
    provider = OllamaProvider(openai_client=client)
    options = dict(model.options or {})
    settings: dict[str, Any] = {
        name: kind(options.pop(name)) for name, kind in _SETTINGS.items() if name in options
    }
    if "num_predict" in options:
        settings["max_tokens"] = int(options.pop("num_predict"))
    if options:
        settings["extra_body"] = {"options": {key: _typed(text) for key, text in options.items()}}
    return ConfiguredModel(
        model=OpenAIChatModel(model.model, provider=provider),
        settings=common_settings(model, environment, **settings),
        http=http,
    )


def _typed(text: str) -> Any:
    """Kagent's options are all text, Ollama's are numbers and booleans."""
    try:
        return json.loads(text)
    except ValueError:
        return text
