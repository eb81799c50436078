"""OpenAI and everything that speaks its protocol."""

from collections.abc import Mapping

from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

from controller.definitions import agentconfig
from controller.errors import PermanentError
from controller.runtime.models.configured import ConfiguredModel, chat_client, common_settings
from controller.runtime.models.ready import ReadyOpenAI

_NO_KEY = "none"
"""Servers of one's own rarely want a key, but the client library insists on one."""


def create(model: agentconfig.OpenAI, environment: Mapping[str, str]) -> ConfiguredModel:
    """A model behind chat completions or the responses API."""
    if model.token_exchange is not None:
        raise PermanentError(
            "tokenExchange (GDCH) is not supported by Roster's runtime.",
            remedy="Run the agent with kagent's runtime image, which supports it.",
        )
    http = chat_client(model, timeout_s=model.timeout)
    client = ReadyOpenAI(
        base_url=model.base_url, api_key=_key(model, environment), http_client=http
    )
    settings = common_settings(
        model,
        environment,
        frequency_penalty=model.frequency_penalty,
        presence_penalty=model.presence_penalty,
        max_tokens=model.max_completion_tokens or model.max_tokens,
        openai_reasoning_effort=model.reasoning_effort,
        seed=model.seed,
        temperature=model.temperature,
        timeout=model.timeout,
        top_p=model.top_p,
        extra_body={"n": model.n} if model.n is not None else None,
    )
    kind = OpenAIResponsesModel if model.api_format == "responses" else OpenAIChatModel
    return ConfiguredModel(
        model=kind(model.model, provider=OpenAIProvider(openai_client=client)),
        settings=settings,
        key_header="Authorization" if model.api_key_passthrough else None,
        key_prefix="Bearer ",
        fixed_headers=settings.get("extra_headers", {}),
        http=http,
    )


def _key(model: agentconfig.OpenAI, environment: Mapping[str, str]) -> str:
    key = environment.get("OPENAI_API_KEY")
    if key:
        return key
    if model.base_url or environment.get("OPENAI_BASE_URL") or model.api_key_passthrough:
        return _NO_KEY
    raise PermanentError(
        "OPENAI_API_KEY is not set, and OpenAI's own API wants a key.",
        remedy="Name its Secret in the ModelConfig (apiKeySecret, apiKeySecretKey).",
    )
