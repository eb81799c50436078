"""Picks the module that knows the configured provider."""

from collections.abc import Mapping
from typing import assert_never

from controller.definitions import agentconfig
from controller.errors import PermanentError
from controller.runtime.models.configured import ConfiguredModel


def create(model: agentconfig.Model, environment: Mapping[str, str]) -> ConfiguredModel:
    """The model that config.json asks for; keys and addresses come from `environment`.

    Raises:
        PermanentError: the provider is not supported, or something that it needs is missing.
    """
    # Each provider's library is imported only where it is the configured one.
    match model:
        case agentconfig.OpenAI():
            from controller.runtime.models import openai  # noqa: PLC0415

            return openai.create(model, environment)
        case agentconfig.AzureOpenAI() | agentconfig.Foundry():
            from controller.runtime.models import azure  # noqa: PLC0415

            return azure.create(model, environment)
        case agentconfig.Ollama():
            from controller.runtime.models import ollama  # noqa: PLC0415

            return ollama.create(model, environment)
        case agentconfig.Anthropic() | agentconfig.GeminiAnthropic():
            from controller.runtime.models import anthropic  # noqa: PLC0415

            return anthropic.create(model, environment)
        case agentconfig.Gemini() | agentconfig.GeminiVertexAI():
            from controller.runtime.models import google  # noqa: PLC0415

            return google.create(model, environment)
        case agentconfig.Bedrock():
            from controller.runtime.models import bedrock  # noqa: PLC0415

            return bedrock.create(model, environment)
        case agentconfig.SAPAICore():
            raise PermanentError(
                "Models of SAP AI Core are not supported by Roster's runtime.",
                remedy="Run the agent with kagent's runtime image, which supports them.",
            )
        case _:
            assert_never(model)
