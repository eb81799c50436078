"""A model that is ready to be asked, and how it wants to be asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import httpx2
from pydantic_ai.models import Model, create_async_httpx2_client
from pydantic_ai.settings import ModelSettings

from controller.definitions import agentconfig
from controller.runtime import headers, tls
from controller.runtime.models.joining import join_streamed_text


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredModel:
    """pydantic-ai's model with the settings that go with every request."""

    model: Model
    settings: ModelSettings
    key_header: str | None = None
    """The header that takes the caller's key when `api_key_passthrough` is set."""
    key_prefix: str = ""
    fixed_headers: Mapping[str, str] = field(default_factory=dict)
    http: httpx2.AsyncClient | None = None
    """The client that is ours to close; None: it is the library's."""

    async def close(self) -> None:
        """Close the connections to the provider."""
        if self.http is not None:
            await self.http.aclose()

    def settings_for(self, caller_headers: Mapping[str, str]) -> ModelSettings:
        """The settings of one turn: with the caller's key, where it is to be passed through."""
        if self.key_header is None or "authorization" not in caller_headers:
            return self.settings
        key = caller_headers["authorization"].removeprefix("Bearer ").strip()
        extra = {**self.fixed_headers, self.key_header: self.key_prefix + key}
        return {**self.settings, "extra_headers": extra}


def common_settings(
    model: agentconfig.Model, environment: Mapping[str, str], **options: Any
) -> ModelSettings:
    """Options that are set, with the model's own headers."""
    given = {name: value for name, value in options.items() if value is not None}
    # Each provider extends this TypedDict; its names are checked by tests on the wire.
    settings = cast("ModelSettings", given)
    fixed = headers.resolved(model.headers, environment, owner=f"model {model.model}")
    if fixed:
        settings["extra_headers"] = fixed
    return settings


def http_client(
    model: agentconfig.Model, *, timeout_s: float | None = None
) -> httpx2.AsyncClient | None:
    """A client of our own where the model's TLS settings ask for one; it lives with the process."""
    verify = tls.verification(
        disabled=model.tls_disable_verify,
        ca_file=model.tls_ca_cert_path,
        no_system_cas=model.tls_disable_system_cas,
    )
    if verify is True:
        return None
    timeout = httpx2.Timeout(timeout_s or 600, connect=10)
    return httpx2.AsyncClient(verify=verify, timeout=timeout)


def chat_client(model: agentconfig.Model, *, timeout_s: float | None = None) -> httpx2.AsyncClient:
    """A client for chat completions, whose streamed tokens are joined while they wait."""
    client = http_client(model, timeout_s=timeout_s) or create_async_httpx2_client()
    client.event_hooks = {"response": [join_streamed_text]}
    return client
