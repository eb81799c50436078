"""Amazon Bedrock, by its converse API."""

from collections.abc import Mapping
from typing import Any

from pydantic_ai.models.bedrock import BedrockConverseModel
from pydantic_ai.providers.bedrock import BedrockProvider

from controller.definitions import agentconfig
from controller.errors import PermanentError
from controller.runtime.models.configured import ConfiguredModel, common_settings


def create(model: agentconfig.Bedrock, environment: Mapping[str, str]) -> ConfiguredModel:
    """A model on Bedrock; credentials come from the environment or the pod's identity."""
    region = model.region or environment.get("AWS_REGION")
    if not region:
        raise PermanentError(
            "The Bedrock model has no region.", remedy="Set bedrock.region in the ModelConfig."
        )
    provider = BedrockProvider(
        region_name=region,
        base_url=environment.get("AWS_ENDPOINT_URL_BEDROCK_RUNTIME"),
        aws_read_timeout=model.read_timeout,
        aws_connect_timeout=model.connect_timeout,
    )
    settings = common_settings(
        model,
        environment,
        bedrock_additional_model_requests_fields=model.additional_model_request_fields,
        bedrock_guardrail_config=_guardrail(model.guardrail),
        **_caching(model),
    )
    return ConfiguredModel(
        model=BedrockConverseModel(model.model, provider=provider), settings=settings
    )


def _guardrail(guardrail: agentconfig.BedrockGuardrail | None) -> dict[str, str] | None:
    if guardrail is None:
        return None
    content = {
        "guardrailIdentifier": guardrail.identifier,
        "guardrailVersion": guardrail.version,
    }
    return {**content, "trace": guardrail.trace} if guardrail.trace else content


def _caching(model: agentconfig.Bedrock) -> dict[str, Any]:
    if not model.prompt_caching:
        return {}
    kept = model.cache_ttl or "5m"
    return {
        "bedrock_cache_instructions": kept,
        "bedrock_cache_tool_definitions": kept,
        "bedrock_cache_messages": kept,
    }
