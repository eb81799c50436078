"""The demo model's HTTP surface: OpenAI's chat completions, streamed or at once.

Only the protocol is here; what is answered is decided by `script`. The model's name tunes it a
little: one that ends in `-verbose` tells every step that it took.
"""

import asyncio
import json
import re
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from controller.runtime.demo import script

MODELS = ("demo", "demo-verbose")

_ARGUMENT_CHUNK = 12
"""Characters of a tool call's arguments in one streamed piece; real models split them, too."""


def create(*, token_delay_s: float = 0.015) -> Starlette:
    """The demo model as an ASGI application; `token_delay_s` passes between streamed words."""

    async def complete(request: Request) -> Response:
        return await _complete(request, token_delay_s)

    return Starlette(
        routes=[
            Route("/v1/chat/completions", complete, methods=["POST"]),
            Route("/v1/models", _models),
            Route("/health", _health),
        ]
    )


async def _health(_: Request) -> Response:
    return PlainTextResponse("OK")


async def _models(_: Request) -> Response:
    entries = [{"id": name, "object": "model", "owned_by": "roster-demo"} for name in MODELS]
    return JSONResponse({"object": "list", "data": entries})


async def _complete(request: Request, token_delay_s: float) -> Response:
    try:
        body = json.loads(await request.body())
        answer = script.reply(
            _conversation(body["messages"]),
            _tools(body.get("tools") or ()),
            verbose=body["model"].endswith("-verbose"),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"This is no chat completion request: {type(error).__name__}: {error}"
        return JSONResponse(
            {"error": {"message": message, "type": "invalid_request_error"}}, status_code=400
        )
    completion = _Completion(body, answer)
    if body.get("stream"):
        events = completion.events(token_delay_s)
        return StreamingResponse(events, media_type="text/event-stream")
    return JSONResponse(completion.document())


class _Completion:
    """An answer in the shapes of OpenAI's protocol."""

    def __init__(self, body: Mapping[str, Any], answer: script.Reply) -> None:
        self._head = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": body["model"],
        }
        self._wants_usage = bool((body.get("stream_options") or {}).get("include_usage"))
        limit = body.get("max_completion_tokens") or body.get("max_tokens")
        self._call = answer if isinstance(answer, script.ToolCall) else None
        words = [] if self._call else re.findall(r"\S+\s*", str(answer))
        self._words = words[:limit]
        self._finish = "length" if len(words) > len(self._words) else "stop"
        if self._call:
            self._finish = "tool_calls"
        prompt = sum(len(str(message.get("content")).split()) for message in body["messages"])
        written = len(self._words) or 1
        self._usage = {
            "prompt_tokens": prompt,
            "completion_tokens": written,
            "total_tokens": prompt + written,
        }

    def document(self) -> Mapping[str, Any]:
        """The whole answer at once."""
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self._words) or None}
        if self._call:
            message["tool_calls"] = [self._tool_call(json.dumps(self._call.arguments))]
        choice = {"index": 0, "message": message, "finish_reason": self._finish}
        return {
            **self._head,
            "object": "chat.completion",
            "choices": [choice],
            "usage": self._usage,
        }

    async def events(self, token_delay_s: float) -> AsyncIterator[str]:
        """The answer as server-sent events."""
        yield self._event({"role": "assistant", "content": ""})
        for delta in self._deltas():
            await asyncio.sleep(token_delay_s)
            yield self._event(delta)
        yield self._event({}, finish=self._finish)
        if self._wants_usage:
            yield self._line({"choices": [], "usage": self._usage})
        yield "data: [DONE]\n\n"

    def _deltas(self) -> Iterator[Mapping[str, Any]]:
        if not self._call:
            yield from ({"content": word} for word in self._words)
            return
        text = json.dumps(self._call.arguments)
        yield {"tool_calls": [{"index": 0, **self._tool_call("")}]}
        for start in range(0, len(text), _ARGUMENT_CHUNK):
            piece = text[start : start + _ARGUMENT_CHUNK]
            yield {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}

    def _tool_call(self, arguments: str) -> dict[str, Any]:
        name = self._call.name if self._call else ""
        function = {"name": name, "arguments": arguments}
        return {"id": f"call_{uuid.uuid4().hex[:16]}", "type": "function", "function": function}

    def _event(self, delta: Mapping[str, Any], *, finish: str | None = None) -> str:
        return self._line({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    def _line(self, content: Mapping[str, Any]) -> str:
        chunk = {**self._head, "object": "chat.completion.chunk", **content}
        return f"data: {json.dumps(chunk)}\n\n"


def _conversation(messages: Sequence[Mapping[str, Any]]) -> list[script.Turn]:
    names = {
        call["id"]: call["function"]["name"]
        for message in messages
        for call in message.get("tool_calls") or ()
    }
    return [
        script.Turn(
            role=message["role"],
            text=_text(message.get("content")),
            tool=names.get(message.get("tool_call_id", ""), "tool"),
        )
        for message in messages
    ]


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content or () if part.get("type") == "text")


def _tools(tools: Sequence[Mapping[str, Any]]) -> list[script.Tool]:
    functions = [tool["function"] for tool in tools if tool.get("type") == "function"]
    return [
        script.Tool(
            name=function["name"],
            description=function.get("description") or "",
            schema=function.get("parameters") or {},
        )
        for function in functions
    ]
