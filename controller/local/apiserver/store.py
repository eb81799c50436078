"""The API for code in the same process: the same verbs and rules as over HTTP, without the wire.

The workload controllers act through this, each under the name and field manager that its real
counterpart has, so that ownership and events read as in a real cluster. Objects that come out are
shared with the server's memory and must not be changed.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from controller.local.apiserver import conversion, patches, reviews, scale, selectors
from controller.local.apiserver.calls import Call
from controller.local.apiserver.deletion import DeleteOptions
from controller.local.apiserver.identity import Tokens
from controller.local.apiserver.storage import Object
from controller.local.apiserver.verbs import Verbs
from controller.local.apiserver.watching import Watch

_PATCH_KINDS = {"merge": patches.MERGE, "json": patches.JSON, "strategic": patches.STRATEGIC}


class Store:
    """The verbs, for one user."""

    def __init__(
        self,
        verbs: Verbs,
        tokens: Tokens,
        *,
        user: str = "system:apiserver",
        manager: str = "local",
    ) -> None:
        self.verbs = verbs
        self.tokens = tokens
        self.user = user
        self._manager = manager

    def acting_as(self, user: str, *, manager: str) -> "Store":
        """Give the same objects under another name and field manager."""
        return Store(self.verbs, self.tokens, user=user, manager=manager)

    def _call(self, resource: str, namespace: str | None, name: str = "") -> Call:
        return Call(
            resource=self.verbs.registry.by_name(resource),
            namespace=namespace or "",
            name=name,
            manager=self._manager,
            validation="Ignore",
        )

    async def get(self, resource: str, namespace: str | None, name: str) -> Object | None:
        """Give an object, or None where there is none."""
        call = self._call(resource, namespace, name)
        found = self.verbs.storage.get(call.key)
        return None if found is None else conversion.view(found, call.resource)

    async def list(
        self, resource: str, namespace: str | None = None, *, labels: str = "", fields: str = ""
    ) -> list[Object]:
        """Give the objects of a resource, of one namespace or all, by namespace and name."""
        call = self._call(resource, namespace)
        requirements = selectors.parse_labels(labels)
        matches = selectors.field_matcher(selectors.parse_fields(fields, call.resource))
        found = self.verbs.storage.scan(call.resource.storage_key, namespace)
        return [
            conversion.view(value, call.resource)
            for value in found
            if selectors.matches_labels(requirements, value) and matches(value)
        ]

    async def create(
        self,
        resource: str,
        namespace: str | None,
        body: Object,
        *,
        subresource: str = "",
        name: str = "",
    ) -> Object:
        """Create an object, or use a subresource that takes a body (`binding`, `token`).

        Raises:
            ApiError: the server refuses.
        """
        call = replace(self._call(resource, namespace, name), subresource=subresource)
        if subresource == "binding":
            return reviews.bind(self.verbs, call, body)
        if subresource == "token":
            return reviews.request_token(self.verbs, self.tokens, call, body)
        return self.verbs.create(call, _complete(call, body))

    async def update(self, resource: str, body: Object) -> Object:
        """Replace an object; its resourceVersion, where given, must still be the present one.

        Raises:
            ApiError: the server refuses.
        """
        return self.verbs.update(self._call_for(resource, body), body)

    async def update_status(self, resource: str, body: Object) -> Object:
        """Replace an object's status, and its annotations.

        Raises:
            ApiError: the server refuses.
        """
        call = replace(self._call_for(resource, body), subresource="status")
        return self.verbs.update(call, body)

    def _call_for(self, resource: str, body: Object) -> Call:
        metadata = body["metadata"]
        return self._call(resource, metadata.get("namespace"), metadata["name"])

    async def patch(  # noqa: PLR0913 -- each says something of its own
        self,
        resource: str,
        namespace: str | None,
        name: str,
        patch: Any,
        *,
        subresource: str = "",
        kind: str = "merge",
    ) -> Object:
        """Change an object by a `merge`, `json` or `strategic` patch.

        Raises:
            ApiError: the server refuses.
        """
        call = replace(self._call(resource, namespace, name), subresource=subresource)
        if subresource == "scale":
            return scale.patch(self.verbs, call, _PATCH_KINDS[kind], patch)
        return self.verbs.patch(call, _PATCH_KINDS[kind], patch)

    async def apply(
        self, resource: str, body: Object, *, force: bool = False, subresource: str = ""
    ) -> Object:
        """Apply a configuration, server-side.

        Raises:
            ApiError: the server refuses, for instance because of a conflict.
        """
        call = replace(self._call_for(resource, body), force=force, subresource=subresource)
        return self.verbs.apply(call, body)

    async def delete(  # noqa: PLR0913 -- each says something of its own
        self,
        resource: str,
        namespace: str | None,
        name: str,
        *,
        uid: str = "",
        propagation: str = "",
        grace_period_s: int | None = None,
    ) -> None:
        """Delete an object, or mark it for deletion while something holds it.

        Raises:
            ApiError: it is not there, or it is another one than `uid` says.
        """
        options = DeleteOptions(uid=uid, propagation=propagation, grace_s=grace_period_s)
        self.verbs.delete(self._call(resource, namespace, name), options)

    async def watch(
        self, resource: str, namespace: str | None = None, *, labels: str = ""
    ) -> AsyncIterator[tuple[str, Object]]:
        """Give all objects as ADDED, then one BOOKMARK, then every change, for ever."""
        call = self._call(resource, namespace)
        requirements = selectors.parse_labels(labels)
        watch = Watch(
            self.verbs.storage,
            call.resource.storage_key,
            namespace,
            lambda value: selectors.matches_labels(requirements, value),
        )
        try:
            version = self.verbs.storage.version
            for value in await self.list(resource, namespace, labels=labels):
                yield "ADDED", value
            yield "BOOKMARK", {"metadata": {"resourceVersion": str(version)}}
            while True:
                for event in watch.take():
                    yield event.type, conversion.view(event.value, call.resource)
                await watch.wait(None)
                # Several writes in a row become one wake-up.
                await asyncio.sleep(0)
        finally:
            watch.close()


def _complete(call: Call, body: Object) -> Object:
    envelope = {"apiVersion": call.resource.api_version, "kind": call.resource.kind}
    return {**envelope, **body, "metadata": dict(body.get("metadata") or {})}
