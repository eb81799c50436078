"""What the server tells about itself: version, health, discovery, schemas."""

from typing import Any

from controller.local.apiserver import discovery, openapi
from controller.local.apiserver.errors import NoSuchPathError
from controller.local.apiserver.requests import Request
from controller.local.apiserver.resources import Registry
from controller.local.apiserver.wire import TEXT, Answer


class Documents:
    """Answers that are no objects."""

    def __init__(self, registry: Registry, address: str) -> None:
        self.registry = registry
        self.address = address
        self._schemas = openapi.Documents(registry)

    def health(self) -> Answer:
        """Tell that the server lives; what answers at all is ready."""
        return Answer(200, b"ok", TEXT)

    def answer(self, request: Request) -> Answer:
        """Give the document at a path.

        Raises:
            NoSuchPathError: there is none.
        """
        if request.method not in {"GET", "HEAD"}:
            raise NoSuchPathError(request.path)
        path = request.path.rstrip("/") or "/"
        if path == "/version":
            return Answer(200, discovery.VERSION)
        if path in {"/api", "/apis"}:
            return self._groups(request, core=path == "/api")
        if path.startswith("/openapi/"):
            found = self._schemas.get(path)
            return Answer(200, found.content, found.media)
        if path == "/":
            paths = ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz"]
            return Answer(200, {"paths": [*paths, "/version"]})
        document = self._group_document(path)
        if document is None:
            raise NoSuchPathError(path)
        return Answer(200, document)

    def _groups(self, request: Request, *, core: bool) -> Answer:
        for part in request.headers.get("accept", "").split(","):
            if discovery.AGGREGATED in part and "v=v2" in part and "v2beta1" not in part:
                media = b"application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
                return Answer(200, discovery.aggregated(self.registry, core=core), media)
        if core:
            return Answer(200, discovery.core_versions(self.address))
        return Answer(200, discovery.groups(self.registry))

    def _group_document(self, path: str) -> dict[str, Any] | None:
        match path.strip("/").split("/"):
            case ["api", version]:
                return discovery.resources(self.registry, "", version)
            case ["apis", group]:
                return discovery.group(self.registry, group)
            case ["apis", group, version]:
                return discovery.resources(self.registry, group, version)
        return None
