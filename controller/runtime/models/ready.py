"""OpenAI's client, which sends a conversation as it is made.

openai walks through every message and every tool's schema of each request, in search of names that
Python spells otherwise and files to encode. pydantic-ai makes them in the form of the wire, so what
it finds is nothing: a fifteenth of a turn's processor time with four tools, more with more.
"""

from functools import cached_property
from typing import Any

from openai import AsyncOpenAI
from openai.resources.chat import AsyncChat, AsyncCompletions


class ReadyOpenAI(AsyncOpenAI):
    """For callers whose messages and tools are ready to be sent."""

    @cached_property
    def chat(self) -> AsyncChat:
        """Chat completions."""
        return _Chat(self)


class _Chat(AsyncChat):
    @cached_property
    def completions(self) -> AsyncCompletions:
        return _Completions(self._client)


class _Completions(AsyncCompletions):
    # The signature has some forty parameters in three forms; only three of them matter here.
    async def create(self, *, messages: Any, **options: Any) -> Any:
        """Ask the model; what is in `extra_body` goes into the body untouched."""
        ready = {"messages": list(messages)}
        if tools := options.pop("tools", None):
            ready["tools"] = list(tools)
        body = ready | (options.pop("extra_body", None) or {})
        return await super().create(messages=[], extra_body=body, **options)
