"""What Roster asks of a cluster: read, list, apply, delete.

Every write is a server-side apply under one field manager, so that the server knows which fields
are ours.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from controller.cluster.connection import APPLY, JSON, READ_S, Connection
from controller.cluster.discovery import Discovery, Resource
from controller.cluster.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    UnavailableError,
    UnknownKindError,
)
from controller.objects import Manifest, ObjectKey
from controller.objects.metadata import FIELD_MANAGER

PAGE = 500
"""Objects asked for in one answer of a list."""
_TRIES = 3
"""Of a write that another writer was faster than."""
STRICT, IGNORE = "Strict", "Ignore"
_MAX_EVENTS = 5000
"""Events read of one namespace. They live for an hour; a cluster that makes more is in trouble."""
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
METADATA_WATCH = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
"""What to accept where only names and versions are of interest."""


class Client:
    """One cluster. Safe to share between threads."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.discovery = Discovery(connection)

    @classmethod
    def from_kubeconfig(
        cls,
        path: Path | None = None,
        context: str | None = None,
        *,
        timeout_s: float = READ_S,
    ) -> Self:
        """Connect as a kubeconfig of the user's says (its exec plugins run, as in kubectl).

        Raises:
            PermanentError: the file is missing, unreadable or names no such context.
        """
        return cls(Connection.from_kubeconfig(path, context, timeout_s=timeout_s))

    @classmethod
    def in_cluster(cls, *, timeout_s: float = READ_S) -> Self:
        """Connect with the service account of the pod that this runs in.

        Raises:
            PermanentError: this is no pod, or its service account has no token.
        """
        return cls(Connection.in_cluster(timeout_s=timeout_s))

    @classmethod
    def connect(
        cls,
        path: Path | None,
        context: str | None,
        *,
        environ: Mapping[str, str] = os.environ,
        timeout_s: float = READ_S,
    ) -> Self:
        """Connect to what is named, else `$KUBECONFIG`, in-cluster, `~/.kube/config`.

        Args:
            path: of a kubeconfig.
            context: in it.
            environ: where `$KUBECONFIG` is looked for.
            timeout_s: longest silence of the API server that is waited for.

        Raises:
            PermanentError: none of them leads to a cluster.
        """
        chosen = path or context or environ.get("KUBECONFIG")
        if not chosen and environ.get("KUBERNETES_SERVICE_HOST"):
            return cls.in_cluster(timeout_s=timeout_s)
        return cls.from_kubeconfig(path, context, timeout_s=timeout_s)

    def close(self) -> None:
        """Close idle connections."""
        self.connection.close()

    def version(self) -> str:
        """Give the server's version, as `v1.36.2`."""
        answer = self.connection.request("GET", "/version", action="read the cluster's version")
        return str(answer.get("gitVersion", ""))

    def get(self, key: ObjectKey, api_version: str = "") -> Manifest | None:
        """Read one object; None where it, its namespace or its kind does not exist.

        Args:
            key: names the object.
            api_version: version to read it at; the server's preferred one where empty.

        Raises:
            ForbiddenError, UnavailableError: see `Connection.request`.
        """
        try:
            resource = self._resource(key, api_version)
            path = resource.path(key.namespace, quote(key.name))
            answer: Manifest = self.connection.request(
                "GET", path, action=f"read {key}", is_secret=_is_secret(key)
            )
        except NotFoundError:
            return None
        return answer

    def list(
        self, api_version: str, kind: str, *, namespace: str = "", label: str = ""
    ) -> tuple[Manifest, ...]:
        """List objects of a kind, in pages, everywhere or in one namespace.

        Args:
            api_version: of the kind.
            kind: in CamelCase.
            namespace: empty for all.
            label: a label selector; ownership is rebuilt with `roster.dev/application=NAME`.

        Raises:
            UnknownKindError, ForbiddenError, UnavailableError: see `Connection.request`.
        """
        resource = self.discovery.resource(api_version, kind)
        return tuple(
            item for page in self.pages(resource, namespace, label) for item in page["items"]
        )

    def events(self, namespace: str, *, uid: str = "") -> tuple[Manifest, ...]:
        """Give the newest state of the events in a namespace, or of those about one object.

        Raises:
            ForbiddenError, UnavailableError: see `Connection.request`.
        """
        query: dict[str, str | int] = {"limit": PAGE}
        if uid:
            query["fieldSelector"] = f"involvedObject.uid={uid}"
        found: list[Manifest] = []
        while len(found) < _MAX_EVENTS:
            page = self.connection.request(
                "GET",
                f"/api/v1/namespaces/{quote(namespace)}/events",
                action=f"list the events of {namespace}",
                query=query,
            )
            found.extend(page.get("items") or ())
            query["continue"] = (page.get("metadata") or {}).get("continue") or ""
            if not query["continue"]:
                break
        return tuple(found)

    def names(self, api_version: str, kind: str, namespace: str) -> frozenset[str]:
        """Give the names of all objects of a kind in a namespace, whoever owns them.

        Raises:
            ForbiddenError, UnavailableError: see `Connection.request`.
        """
        try:
            resource = self.discovery.resource(api_version, kind)
            pages = self.pages(resource, namespace, "", accept=METADATA_LIST)
            return frozenset(item["metadata"]["name"] for page in pages for item in page["items"])
        except NotFoundError:
            return frozenset()

    def pages(
        self, resource: Resource, namespace: str, label: str, *, accept: str = JSON
    ) -> Iterator[dict[str, Any]]:
        """Give the answers of a list, page by page; items know their kind.

        Raises:
            GoneError: the list took so long that the server forgot its first page.
        """
        query: dict[str, str | int] = {"limit": PAGE}
        if label:
            query["labelSelector"] = label
        path = resource.path(namespace)
        action = f"list {resource.api_version} {resource.kind}"
        while True:
            page = self.connection.request("GET", path, action=action, query=query, accept=accept)
            kind = {"apiVersion": resource.api_version, "kind": resource.kind}
            yield {**page, "items": [kind | item for item in page.get("items") or ()]}
            token = (page.get("metadata") or {}).get("continue")
            if not token:
                return
            query["continue"] = token

    def apply(
        self,
        manifest: Manifest,
        *,
        force: bool = True,
        dry_run: bool = False,
        validation: str = STRICT,
    ) -> Manifest:
        """Apply a manifest on the server and give the object as it is then.

        Args:
            manifest: the fields that we want to own, complete: what it no longer names, goes.
            force: take fields over from other managers.
            dry_run: only ask what would come out.
            validation: whether unknown fields are refused: Strict, or Ignore.

        Raises:
            ConflictError: another manager owns a field, and force is off.
            InvalidError, NotFoundError, ForbiddenError, UnavailableError: see
                `Connection.request`.
        """
        key = ObjectKey.of(manifest)
        resource = self.discovery.resource(str(manifest.get("apiVersion")), key.kind)
        query = {"fieldManager": FIELD_MANAGER, "force": str(force).lower()}
        query["fieldValidation"] = validation
        if dry_run:
            query["dryRun"] = "All"
        action = f"{'try' if dry_run else 'apply'} {key}"
        for left in reversed(range(_TRIES)):
            try:
                answer: Manifest = self.connection.request(
                    "PATCH",
                    resource.path(key.namespace, quote(key.name)),
                    action=action,
                    query=query,
                    body=_placed(manifest, resource),
                    content_type=APPLY,
                    is_secret=_is_secret(key),
                )
            except ConflictError as error:
                if error.conflicts:
                    raise
                # Another writer was faster; the server lets the loser try again.
                if not left:
                    raise UnavailableError(error.message) from error
            else:
                if key.kind == "CustomResourceDefinition" and not dry_run:
                    self.discovery.announce()
                return answer
        raise AssertionError("unreachable: the last try returns or raises")

    def replace(self, manifest: Manifest, *, validation: str = STRICT) -> Manifest:
        """Put a manifest in the place of an object that exists, whatever others wrote there.

        Finalizers and owners stay: without them, others would lose what they keep the object for.

        Args:
            manifest: the whole object.
            validation: what the server does with unknown fields, as for `apply`.

        Raises:
            NotFoundError: there is no such object.
            InvalidError, ForbiddenError, UnavailableError: see `Connection.request`.
        """
        key = ObjectKey.of(manifest)
        resource = self.discovery.resource(str(manifest.get("apiVersion")), key.kind)
        path = resource.path(key.namespace, quote(key.name))
        action, is_secret = f"replace {key}", _is_secret(key)
        for left in reversed(range(_TRIES)):
            found = self.connection.request("GET", path, action=action, is_secret=is_secret)
            try:
                answer: Manifest = self.connection.request(
                    "PUT",
                    path,
                    action=action,
                    query={"fieldManager": FIELD_MANAGER, "fieldValidation": validation},
                    body=_in_place_of(found, _placed(manifest, resource)),
                    is_secret=is_secret,
                )
            except ConflictError as error:
                if not left:
                    raise UnavailableError(error.message) from error
            else:
                return answer
        raise AssertionError("unreachable: the last try returns or raises")

    def delete(
        self, target: Manifest | ObjectKey, *, uid: str, propagation: str = "Foreground"
    ) -> Manifest | None:
        """Delete the object that has this uid; one that is gone already is fine.

        Gives the object as it is while something keeps it, None where it is gone.

        Args:
            target: the object or its key.
            uid: the object that is meant: one of the same name made since stays.
            propagation: Foreground, Background or Orphan.

        Raises:
            ConflictError: another object has that name now.
            ForbiddenError, UnavailableError: see `Connection.request`.
        """
        key = target if isinstance(target, ObjectKey) else ObjectKey.of(target)
        version = "" if isinstance(target, ObjectKey) else str(target.get("apiVersion", ""))
        try:
            resource = self._resource(key, version)
            answer: Manifest = self.connection.request(
                "DELETE",
                resource.path(key.namespace, quote(key.name)),
                action=f"delete {key}",
                body={
                    "kind": "DeleteOptions",
                    "apiVersion": "v1",
                    "propagationPolicy": propagation,
                    "preconditions": {"uid": uid},
                },
                is_secret=_is_secret(key),
            )
        except NotFoundError:
            return None
        is_kept = "deletionTimestamp" in (answer.get("metadata") or {})
        return answer if is_kept else None

    def ensure_namespace(self, name: str) -> bool:
        """Create a namespace where it is missing; tell whether it was.

        Raises:
            InvalidError, ForbiddenError, UnavailableError: see `Connection.request`.
        """
        try:
            if self.get(ObjectKey("", "Namespace", "", name), "v1") is not None:
                return False
        except ForbiddenError:
            # Rights in one namespace only: an apply will tell if it does not exist.
            return False
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        try:
            self.connection.request(
                "POST", "/api/v1/namespaces", action=f"create Namespace {name}", body=body,
                query={"fieldManager": FIELD_MANAGER},
            )  # fmt: skip
        except ConflictError:
            return False
        return True

    def canonical(self, manifest: Manifest) -> Manifest:
        """Give the manifest without a namespace where its kind has none, as the server keeps it.

        Raises:
            ForbiddenError, UnavailableError: see `Connection.request`.
        """
        try:
            resource = self.discovery.resource(
                str(manifest.get("apiVersion")), str(manifest.get("kind"))
            )
        except UnknownKindError:
            return manifest
        return _placed(manifest, resource)

    def proxy_path(self, namespace: str, service: str, port: int | str, path: str = "") -> str:
        """Give the path, below `connection.host`, at which the API server relays to a service."""
        tail = path.lstrip("/")
        return f"/api/v1/namespaces/{namespace}/services/{service}:{port}/proxy/{tail}"

    def _resource(self, key: ObjectKey, api_version: str) -> Resource:
        if api_version:
            return self.discovery.resource(api_version, key.kind)
        return self.discovery.preferred(key.group, key.kind)


def _is_secret(key: ObjectKey) -> bool:
    return key.kind == "Secret" and not key.group


def _in_place_of(found: Manifest, manifest: Manifest) -> Manifest:
    kept = {
        name: found["metadata"][name]
        for name in ("resourceVersion", "finalizers", "ownerReferences")
        if name in found["metadata"]
    }
    return {**manifest, "metadata": {**manifest["metadata"], **kept}}


def _placed(manifest: Manifest, resource: Resource) -> Manifest:
    metadata = manifest.get("metadata") or {}
    if resource.namespaced or "namespace" not in metadata:
        return manifest
    kept = {name: value for name, value in metadata.items() if name != "namespace"}
    return {**manifest, "metadata": kept}
