"""ModelConfig -> the model block of config.json, and what the model needs in the agent's pod.

One function a provider. Where each option goes is kagent's decision (`translateModel` of its
controller): some are keys of config.json, others environment variables of the provider's own SDK.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pydantic

from controller.definitions import agentconfig
from controller.definitions.modelconfig import ModelConfigSpec, VertexAI
from controller.render import pod
from controller.render.problems import RenderError
from controller.render.sources import Sources


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model as config.json has it, with what it needs."""

    config: agentconfig.Model
    needs: pod.Needs


def translate(spec: ModelConfigSpec, namespace: str, sources: Sources) -> Model:
    """Translate a ModelConfig for agents in its namespace.

    Raises:
        RenderError: an option has no meaning, or a reference leads nowhere.
    """
    made = _TRANSLATORS[spec.provider](spec, namespace, sources)
    _, certificate = pod.certificate(spec.tls)
    return Model(config=made.config, needs=certificate + made.needs)


def embedding(model: agentconfig.Model) -> agentconfig.Embedding:
    """Give the part of a model that memory uses to turn text into vectors."""
    return agentconfig.Embedding(
        provider=model.type,
        model=model.model,
        base_url=getattr(model, "base_url", None),
        api_key_passthrough=bool(model.api_key_passthrough),
    )


def _openai(spec: ModelConfigSpec, _namespace: str, _sources: Sources) -> Model:
    options = spec.openai
    if options is None:
        config = agentconfig.OpenAI(**_common(spec))
        return Model(config=config, needs=_api_key(spec, "OPENAI_API_KEY"))
    exchange, needs = _token_exchange(spec)
    if exchange is None:
        needs = _api_key(spec, "OPENAI_API_KEY")
    if options.organization:
        needs += pod.Needs(env=(pod.variable("OPENAI_ORGANIZATION", options.organization),))
    config = agentconfig.OpenAI(
        **_common(spec),
        base_url=options.base_url,
        api_format=options.api_format if _is_given(options, "api_format") else None,
        temperature=_number(options.temperature, "openAI", "temperature"),
        max_tokens=options.max_tokens,
        max_completion_tokens=options.max_completion_tokens,
        top_p=_number(options.top_p, "openAI", "topP"),
        frequency_penalty=_number(options.frequency_penalty, "openAI", "frequencyPenalty"),
        presence_penalty=_number(options.presence_penalty, "openAI", "presencePenalty"),
        seed=options.seed,
        n=options.n,
        timeout=options.timeout,
        reasoning_effort=options.reasoning_effort,
        token_exchange=exchange,
    )
    return Model(config=config, needs=needs)


def _token_exchange(
    spec: ModelConfigSpec,
) -> tuple[agentconfig.TokenExchange | None, pod.Needs]:
    exchange = spec.openai.token_exchange if spec.openai else None
    if exchange is None or exchange.gdch_service_account is None or not spec.api_key_secret:
        return None, pod.Needs()
    config = agentconfig.TokenExchange(
        type=exchange.type,
        gdch_service_account=agentconfig.GDCHTokenExchange(
            service_account_path=f"/gdch-creds/{spec.api_key_secret_key}",
            audience=exchange.gdch_service_account.audience,
        ),
    )
    return config, pod.secret_volume("gdch-creds", spec.api_key_secret, "/gdch-creds", mode=0o444)


def _anthropic(spec: ModelConfigSpec, _namespace: str, _sources: Sources) -> Model:
    options = spec.anthropic
    config = agentconfig.Anthropic(**_common(spec))
    if options is not None:
        config = agentconfig.Anthropic(
            **_common(spec),
            base_url=options.base_url,
            max_tokens=_positive(options.max_tokens),
            temperature=_number(options.temperature, "anthropic", "temperature"),
            top_p=_number(options.top_p, "anthropic", "topP"),
            top_k=_positive(options.top_k),
        )
    return Model(config=config, needs=_api_key(spec, "ANTHROPIC_API_KEY"))


def _azure_openai(spec: ModelConfigSpec, _namespace: str, _sources: Sources) -> Model:
    options = _required(spec.azure_openai, "azureOpenAI")
    env = []
    if options.azure_ad_token:
        env.append(pod.variable("AZURE_AD_TOKEN", options.azure_ad_token))
    env.append(pod.variable("OPENAI_API_VERSION", options.api_version))
    env.append(pod.variable("AZURE_OPENAI_ENDPOINT", options.azure_endpoint))
    config = agentconfig.AzureOpenAI(
        **{**_common(spec), "model": options.azure_deployment or spec.model},
        max_tokens=options.max_tokens,
        temperature=_number(options.temperature, "azureOpenAI", "temperature"),
        top_p=_number(options.top_p, "azureOpenAI", "topP"),
    )
    key = _api_key(spec, "AZURE_OPENAI_API_KEY")
    return Model(config=config, needs=key + pod.Needs(env=tuple(env)))


def _ollama(spec: ModelConfigSpec, _namespace: str, _sources: Sources) -> Model:
    options = _required(spec.ollama, "ollama")
    host = options.host or "localhost:11434"
    address = host if host.startswith(("http://", "https://")) else f"http://{host}"
    config = agentconfig.Ollama(**_common(spec), options=options.options or None)
    needs = pod.Needs(env=(pod.variable("OLLAMA_API_BASE", address),))
    return Model(config=config, needs=needs)


def _gemini(spec: ModelConfigSpec, _namespace: str, _sources: Sources) -> Model:
    limit = spec.gemini.max_output_tokens if spec.gemini else None
    config = agentconfig.Gemini(**_common(spec), max_output_tokens=limit)
    return Model(config=config, needs=_api_key(spec, "GOOGLE_API_KEY"))


def _gemini_vertex_ai(spec: ModelConfigSpec, _namespace: str, _sources: Sources) -> Model:
    options = _required(spec.gemini_vertex_ai, "geminiVertexAI")
    config = agentconfig.GeminiVertexAI(
        **_common(spec),
        **_vertex_options(options, "geminiVertexAI"),
        max_output_tokens=options.max_output_tokens,
        candidate_count=options.candidate_count,
        response_mime_type=options.response_mime_type,
    )
    return Model(config=config, needs=_vertex_needs(spec, options, gemini=True))


def _anthropic_vertex_ai(spec: ModelConfigSpec, _namespace: str, _sources: Sources) -> Model:
    options = _required(spec.anthropic_vertex_ai, "anthropicVertexAI")
    config = agentconfig.GeminiAnthropic(
        **_common(spec),
        **_vertex_options(options, "anthropicVertexAI"),
        max_tokens=_positive(options.max_tokens),
    )
    return Model(config=config, needs=_vertex_needs(spec, options, gemini=False))


def _vertex_options(options: VertexAI, block: str) -> dict[str, Any]:
    return {
        "temperature": _number(options.temperature, block, "temperature"),
        "top_p": _number(options.top_p, block, "topP"),
        "top_k": _number(options.top_k, block, "topK"),
        "stop_sequences": tuple(options.stop_sequences) or None,
    }


def _vertex_needs(spec: ModelConfigSpec, options: VertexAI, *, gemini: bool) -> pod.Needs:
    env = [
        pod.variable("GOOGLE_CLOUD_PROJECT", options.project_id),
        pod.variable("GOOGLE_CLOUD_LOCATION", options.location),
    ]
    if gemini:
        env.append(pod.variable("GOOGLE_GENAI_USE_VERTEXAI", "true"))
    if not spec.api_key_secret:
        return pod.Needs(env=tuple(env))
    path = f"/creds/{spec.api_key_secret_key}"
    env.append(pod.variable("GOOGLE_APPLICATION_CREDENTIALS", path))
    files = pod.secret_volume("google-creds", spec.api_key_secret, "/creds", read_only=False)
    return pod.Needs(env=tuple(env)) + files


_BEARER = "AWS_BEARER_TOKEN_BEDROCK"
_AWS_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def _bedrock(spec: ModelConfigSpec, namespace: str, sources: Sources) -> Model:
    options = _required(spec.bedrock, "bedrock")
    guardrail = options.guardrail
    config = agentconfig.Bedrock(
        **_common(spec),
        region=options.region,
        additional_model_request_fields=options.additional_model_request_fields,
        prompt_caching=options.prompt_caching,
        cache_ttl=options.cache_ttl
        if options.prompt_caching or _is_given(options, "cache_ttl")
        else None,
        read_timeout=options.read_timeout,
        connect_timeout=options.connect_timeout,
        guardrail=agentconfig.BedrockGuardrail(**guardrail.model_dump()) if guardrail else None,
    )
    env = (pod.variable("AWS_REGION", options.region), *_aws_keys(spec, namespace, sources))
    return Model(config=config, needs=pod.Needs(env=env))


def _aws_keys(spec: ModelConfigSpec, namespace: str, sources: Sources) -> list[pod.Object]:
    # The Secret's keys show which way to sign in; where they are not known, every way is offered as
    # optional, and the SDK takes what it finds. No Secret at all: the pod's identity.
    secret = spec.api_key_secret
    if spec.api_key_passthrough or not secret:
        return []
    held = sources.keys("Secret", namespace, secret)
    if held is None:
        return [pod.from_secret(key, secret, key, optional=True) for key in (_BEARER, *_AWS_KEYS)]
    names = [_BEARER] if _BEARER in held else [*_AWS_KEYS[:2]]
    if _BEARER not in held and _AWS_KEYS[2] in held:
        names.append(_AWS_KEYS[2])
    return [pod.from_secret(key, secret, key) for key in names]


def _sap_ai_core(spec: ModelConfigSpec, _namespace: str, _sources: Sources) -> Model:
    options = _required(spec.sap_ai_core, "sapAICore")
    config = agentconfig.SAPAICore(
        **_common(spec),
        base_url=options.base_url,
        resource_group=options.resource_group,
        auth_url=options.auth_url,
    )
    if spec.api_key_passthrough or not spec.api_key_secret:
        return Model(config=config, needs=pod.Needs())
    env = (
        pod.from_secret("SAP_AI_CORE_CLIENT_ID", spec.api_key_secret, "client_id"),
        pod.from_secret("SAP_AI_CORE_CLIENT_SECRET", spec.api_key_secret, "client_secret"),
    )
    return Model(config=config, needs=pod.Needs(env=env))


def _foundry(spec: ModelConfigSpec, namespace: str, sources: Sources) -> Model:
    options = _required(spec.foundry, "foundry")
    endpoint, variable = _foundry_endpoint(spec, namespace, sources)
    config = agentconfig.Foundry(
        **_common(spec),
        endpoint=endpoint,
        deployment=options.deployment,
        api_version=options.api_version,
    )
    env = (
        variable,
        pod.variable("FOUNDRY_DEPLOYMENT", options.deployment),
        pod.variable("FOUNDRY_API_VERSION", options.api_version),
    )
    return Model(config=config, needs=_api_key(spec, "FOUNDRY_API_KEY") + pod.Needs(env=env))


def _foundry_endpoint(
    spec: ModelConfigSpec, namespace: str, sources: Sources
) -> tuple[str | None, pod.Object]:
    name = "FOUNDRY_ENDPOINT"
    options = _required(spec.foundry, "foundry")
    source = options.endpoint_from
    if options.endpoint or source is None:
        return options.endpoint, pod.variable(name, options.endpoint or "")
    held = sources.config_map(namespace, source.name)
    if held is None:
        return None, pod.from_config_map(name, source.name, source.key)
    if source.key not in held:
        raise RenderError(
            "missing-key",
            f"the ConfigMap {namespace}/{source.name} has no key {source.key!r}",
            remedy="Name a key that it has.",
            path=("spec", "foundry", "endpointFrom", "key"),
        )
    return held[source.key], pod.variable(name, held[source.key])


def _common(spec: ModelConfigSpec) -> dict[str, Any]:
    common: dict[str, Any] = {"model": spec.model, **pod.tls_fields(spec.tls)}
    if spec.default_headers:
        common["headers"] = spec.default_headers
    if spec.api_key_passthrough:
        common["api_key_passthrough"] = True
    if "tls_insecure_skip_verify" in common:
        common["tls_disable_verify"] = common.pop("tls_insecure_skip_verify")
    return common


def _api_key(spec: ModelConfigSpec, name: str) -> pod.Needs:
    if spec.api_key_passthrough or not spec.api_key_secret:
        return pod.Needs()
    key = spec.api_key_secret_key or name
    return pod.Needs(env=(pod.from_secret(name, spec.api_key_secret, key),))


def _required(block: Any, name: str) -> Any:
    if block is None:
        raise RenderError(
            "missing-block",
            f"the provider needs the block {name}",
            remedy=f"Add spec.{name}.",
            path=("spec", "provider"),
        )
    return block


def _is_given(options: pydantic.BaseModel, field: str) -> bool:
    """Tell whether a definition writes a field, be it with the value that is its default."""
    return field in options.model_fields_set


def _positive(number: int | None) -> int | None:
    """Leave out what kagent takes for "not given": its CRD sets these fields no bounds."""
    return number if number is not None and number > 0 else None


def _number(text: str | None, block: str, field: str) -> float | None:
    if text is None or not text.strip():
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise RenderError(
            "invalid-number",
            f"{block}.{field} is {text!r}, which is no number",
            remedy='Give a number as text, such as "0.7".',
            path=("spec", block, field),
        )
    return number


_TRANSLATORS: Mapping[str, Callable[[ModelConfigSpec, str, Sources], Model]] = {
    "OpenAI": _openai,
    "Anthropic": _anthropic,
    "AzureOpenAI": _azure_openai,
    "Ollama": _ollama,
    "Gemini": _gemini,
    "GeminiVertexAI": _gemini_vertex_ai,
    "AnthropicVertexAI": _anthropic_vertex_ai,
    "Bedrock": _bedrock,
    "SAPAICore": _sap_ai_core,
    "Foundry": _foundry,
}
