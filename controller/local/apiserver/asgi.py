"""The wire: an ASGI application that reads requests, calls the verbs and writes the answers.

A bare callable rather than a framework's routes: the paths of the API follow from the resource
table, and a request should cost less than its object's rules do.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from controller.local.apiserver import (
    errors,
    gojson,
    listing,
    options,
    patches,
    printing,
    rbac,
    requests,
    reviews,
    scale,
    wire,
)
from controller.local.apiserver.access import Access
from controller.local.apiserver.calls import Call, utc_now
from controller.local.apiserver.delegates import (
    Delegates,
    LogRequest,
    ProxyTarget,
    Receive,
    Scope,
    Send,
)
from controller.local.apiserver.documents import Documents
from controller.local.apiserver.errors import ApiError, NoSuchPathError
from controller.local.apiserver.identity import Tokens, User
from controller.local.apiserver.requests import Request, Target
from controller.local.apiserver.storage import Object
from controller.local.apiserver.verbs import Verbs

_HEALTH = frozenset(["/healthz", "/livez", "/readyz"])
# A watch without a timeout ends after some such time, so that clients spread over restarts.
_WATCH_S = (1800, 3600)
_BOOKMARK_S = 60.0
_MISSING = {
    "attach": "attach; `kubectl logs -f` follows what a pod writes",
    "ephemeralcontainers": "ephemeral containers, as `kubectl debug` adds them; pods are processes"
    " of this machine, and `kubectl debug --copy-to` makes a pod beside one",
    "exec": "exec; pods are processes of this machine, whose number `kubectl describe pod` tells",
    "portforward": "port-forward; `kubectl proxy` leads to services, and on Linux a pod's own IP is"
    " reachable from this machine",
}
"""What a pod cannot do here, and what does instead."""
# On the object itself these need a name, or in the case of create none.
_NAMED = frozenset(["create", "update", "patch"])


class App:
    """The API server's ASGI application."""

    def __init__(self, verbs: Verbs, tokens: Tokens, *, address: str = "") -> None:
        self.verbs = verbs
        self.registry = verbs.registry
        self.tokens = tokens
        self.documents = Documents(verbs.registry, address)
        self.delegates: Delegates | None = None
        self._access = Access(verbs, tokens)
        self._closing = asyncio.Event()

    def close_streams(self) -> None:
        """End all watches, so that the server can stop."""
        self._closing.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        request = Request(
            method=scope["method"],
            path=scope["path"],
            query=requests.parse_query(scope["query_string"]),
            headers=headers,
        )
        try:
            await self._serve(request, scope, receive, send)
        except ApiError as e:
            answer = wire.Answer(e.code, e.status)
            await wire.send_answer(send, request, answer)
        except NoSuchPathError:
            await wire.send_answer(
                send, request, wire.Answer(404, b"404 page not found\n", wire.TEXT)
            )

    async def _serve(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        user = self._access.user(request)
        if request.path in _HEALTH or request.path.startswith(("/livez/", "/readyz/")):
            await wire.send_answer(send, request, self.documents.health())
            return
        try:
            target = requests.target_of(request.path, self.registry)
        except NoSuchPathError:
            self._access.allow(user, rbac.Action(verb=request.method.lower(), path=request.path))
            await wire.send_answer(send, request, self.documents.answer(request))
            return
        verb = requests.verb_of(request, target)
        self._access.authorize(user, verb, target)
        if target.subresource in _MISSING:
            raise errors.not_here(_MISSING[target.subresource])
        if target.subresource == "proxy":
            await self._proxy(target, scope, receive, send)
        elif target.subresource == "log":
            await self._log(request, target, send)
        elif verb == "watch":
            await self._watch(request, target, receive, send)
        else:
            full = replace(request, body=await wire.read(receive))
            await wire.send_answer(send, full, self._answer(full, target, verb, user))

    # Objects

    def _answer(self, request: Request, target: Target, verb: str, user: User) -> wire.Answer:
        sub = target.resource.subresources.get(target.subresource)
        if verb not in (sub.verbs if sub else target.resource.verbs):
            raise errors.method_not_allowed()
        if (verb == "create") == bool(target.name) and verb in _NAMED and not sub:
            raise errors.method_not_allowed()
        call = _call(request, target)
        if target.subresource in {"binding", "eviction", "token", "scale", "finalize", "approval"}:
            return self._special(request, call, verb)
        if verb == "create" and "list" not in target.resource.verbs:
            return self._review(request, call, user)
        if verb in {"list", "deletecollection"}:
            return self._collection(request, call, verb)
        if verb == "get":
            return self._shaped(request, call, self._get(request, call), 200)
        if verb == "delete":
            value = self.verbs.delete(call, options.of_deletion(request))
            return self._shaped(request, call, value, 200)
        return self._write(request, call, verb)

    def _get(self, request: Request, call: Call) -> Object:
        asked = request.first("resourceVersion")
        if asked.isdigit() and int(asked) > self.verbs.storage.version:
            raise errors.too_large_version(int(asked), self.verbs.storage.version)
        return self.verbs.get(call)

    def _review(self, request: Request, call: Call, user: User) -> wire.Answer:
        body = requests.body_of(request, call.resource.kind)
        if call.resource.kind == "Binding":
            return self._bind_by_name(call, body)
        return wire.Answer(201, reviews.review(self.verbs, self.tokens, user, call, body))

    def _collection(self, request: Request, call: Call, verb: str) -> wire.Answer:
        if verb == "list":
            return self._list(request, call)
        return self._delete_collection(request, call)

    def _write(self, request: Request, call: Call, verb: str) -> wire.Answer:
        if verb == "create":
            body = requests.body_of(request, call.resource.kind)
            return self._shaped(request, call, self.verbs.create(call, body), 201)
        is_there = self.verbs.storage.get(call.key) is not None
        if verb == "update":
            value = self.verbs.update(call, requests.body_of(request, call.resource.kind))
        else:
            value = self._patch(request, call)
        return self._shaped(request, call, value, 200 if is_there else 201)

    def _patch(self, request: Request, call: Call) -> Object:
        media, patch = requests.patch_of(request, call.resource)
        return self.verbs.patch(call, media, patch)

    def _special(self, request: Request, call: Call, verb: str) -> wire.Answer:
        name = call.subresource
        if name == "scale":
            return self._scale(request, call, verb)
        if name in {"finalize", "approval"}:
            if verb == "get":
                return wire.Answer(200, self.verbs.get(call))
            return self._write(request, call, verb)
        body = requests.body_of(request, call.resource.subresources[name].kind)
        if name == "token":
            return wire.Answer(201, reviews.request_token(self.verbs, self.tokens, call, body))
        act = reviews.bind if name == "binding" else reviews.evict
        return wire.Answer(201, act(self.verbs, call, body))

    def _scale(self, request: Request, call: Call, verb: str) -> wire.Answer:
        if verb == "get":
            return wire.Answer(200, scale.get(self.verbs, call))
        if verb == "patch":
            media, patch = requests.patch_of(request, call.resource)
            return wire.Answer(200, scale.patch(self.verbs, call, media, patch))
        body = requests.body_of(request, "Scale")
        return wire.Answer(200, scale.update(self.verbs, call, body))

    def _bind_by_name(self, call: Call, body: Any) -> wire.Answer:
        pods = self.registry.by_name("pods")
        name = (body.get("metadata") or {}).get("name", "")
        return wire.Answer(
            201, reviews.bind(self.verbs, replace(call, resource=pods, name=name), body)
        )

    def _list(self, request: Request, call: Call) -> wire.Answer:
        asked = listing.asked(request, call)
        found = listing.collect(self.verbs.storage, call, asked)
        form = _form(request)
        if form.shape == "Table":
            columns = request.first("includeObject", "Metadata")
            table = printing.table(call.resource, found.items, found.metadata, columns, utc_now())
            return wire.Answer(200, table)
        if form.shape == "PartialObjectMetadataList":
            items = [printing.metadata_only(value) for value in found.items]
            shown = {**printing.envelope("PartialObjectMetadataList"), "metadata": found.metadata}
            return wire.Answer(200, {**shown, "items": items})
        return wire.Answer(200, listing.document(call.resource, found))

    def _delete_collection(self, request: Request, call: Call) -> wire.Answer:
        asked = listing.asked(request, call)
        found = listing.collect(self.verbs.storage, call, asked)
        how = options.of_deletion(request)
        for value in found.items:
            metadata = value["metadata"]
            one = replace(call, name=metadata["name"], namespace=metadata.get("namespace", ""))
            self.verbs.delete(one, how)
        return wire.Answer(200, listing.document(call.resource, found))

    def _shaped(self, request: Request, call: Call, value: Object, status: int) -> wire.Answer:
        form = _form(request)
        if not form.shape or value["kind"] == "Status":
            return wire.Answer(status, value)
        if form.shape == "Table":
            metadata = {"resourceVersion": value["metadata"].get("resourceVersion", "")}
            columns = request.first("includeObject", "Metadata")
            table = printing.table(call.resource, [value], metadata, columns, utc_now())
            return wire.Answer(status, table)
        return wire.Answer(status, printing.metadata_only(value))

    # Streams

    async def _watch(self, request: Request, target: Target, receive: Receive, send: Send) -> None:
        if "watch" not in target.resource.verbs:
            raise errors.method_not_allowed()
        call = _call(request, target)
        stream = listing.Stream(self.verbs.storage, request, call, _form(request).shape)
        timeout_s = request.number("timeoutSeconds") or random.randint(*_WATCH_S)  # noqa: S311
        try:
            await wire.begin(send, 200, wire.JSON, request)
            await self._follow(stream, timeout_s, receive, send)
        finally:
            stream.close()

    async def _follow(
        self, stream: listing.Stream, timeout_s: float, receive: Receive, send: Send
    ) -> None:
        gone = asyncio.create_task(wire.disconnected(receive, self._closing))
        deadline = time.monotonic() + timeout_s
        try:
            # An empty piece makes the server send the headers, which clients wait for.
            await wire.more(send, b"".join(stream.beginning()))
            while not gone.done() and not stream.is_over:
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                more = asyncio.ensure_future(stream.wait())
                await asyncio.wait(
                    (more, gone), timeout=min(left, _BOOKMARK_S),
                    return_when=asyncio.FIRST_COMPLETED,
                )  # fmt: skip
                more.cancel()
                lines = stream.lines()
                if not lines and deadline - time.monotonic() > 0 and not gone.done():
                    lines = stream.bookmark()
                if lines:
                    await wire.more(send, b"".join(lines))
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()

    async def _log(self, request: Request, target: Target, send: Send) -> None:
        self.verbs.get(Call(resource=target.resource, namespace=target.namespace, name=target.name))
        if self.delegates is None:
            raise errors.internal("no workloads run here, and so no logs")
        pieces = self.delegates.log(_log_request(request, target))
        first = await anext(pieces, None)
        await wire.begin(send, 200, b"text/plain", request)
        if first is not None:
            await wire.more(send, first)
            async for piece in pieces:
                await wire.more(send, piece)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _proxy(self, target: Target, scope: Scope, receive: Receive, send: Send) -> None:
        if self.delegates is None:
            raise errors.internal("no workloads run here to send this to")
        scheme, name, port = _proxied_name(target.name)
        path = "/" + target.rest
        inner = {**scope, "path": requests.unquoted(path), "raw_path": path.encode()}
        place = ProxyTarget(
            kind=target.resource.plural,
            namespace=target.namespace,
            name=name,
            scheme=scheme,
            port=port,
        )
        await self.delegates.proxy(place, inner, receive, send)


def _proxied_name(text: str) -> tuple[str, str, str]:
    """Read `[scheme:]name[:port]`."""
    parts = text.split(":")
    match parts:
        case [name]:
            return "http", name, ""
        case [name, port]:
            return "http", name, port
        case [scheme, name, port]:
            return scheme or "http", name, port
    raise errors.bad_request(f'invalid service request "{text}"')


def _call(request: Request, target: Target) -> Call:
    if request.method not in {"GET", "HEAD"}:
        options.check_write(request)
    return Call(
        resource=target.resource,
        namespace=target.namespace,
        name=target.name,
        subresource=target.subresource,
        manager=requests.field_manager(request),
        dry_run="dryRun" in request.query,
        force=request.flag("force"),
        validation=request.first("fieldValidation") or "Warn",
        duplicates=_duplicates(request),
        warnings=request.warnings,
    )


def _duplicates(request: Request) -> Sequence[str]:
    if request.first("fieldValidation") != "Strict" or request.content_type == patches.APPLY:
        return ()
    return gojson.duplicates(request.body)


def _form(request: Request) -> requests.Form:
    return requests.accepted_forms(request.headers.get("accept", ""))[0]


def _log_request(request: Request, target: Target) -> LogRequest:
    return LogRequest(
        namespace=target.namespace,
        name=target.name,
        container=request.first("container"),
        follow=request.flag("follow"),
        previous=request.flag("previous"),
        timestamps=request.flag("timestamps"),
        tail_lines=request.number("tailLines"),
        since_seconds=request.number("sinceSeconds"),
        since_time=request.first("sinceTime"),
        limit_bytes=request.number("limitBytes"),
    )
