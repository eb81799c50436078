"""Asks a registry for manifests and layers, in the protocol of OCI's distribution specification."""

import base64
import hashlib
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from controller.errors import PermanentError, TransientError

_TIMEOUT_S = 30.0
MAX_BYTES = 512 * 1024 * 1024
"""Of all layers of an image together, as they are sent."""
_MAX_MANIFEST_BYTES = 4 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
_DOCKER_HUB = "registry-1.docker.io"
_HERE = re.compile(r"(localhost|127\.[\d.]+|\[::1\])(:\d+)?")
"""Registries that are spoken to without TLS, as other tools do, too."""
_IMAGE = re.compile(
    r"(?P<name>[^@\s]+?)(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A reference to an image, taken apart."""

    host: str
    repository: str
    reference: str
    """A digest, else a tag."""

    @classmethod
    def parse(cls, text: str) -> "Image":
        """Take a reference apart; Docker Hub is what is meant where no registry is named.

        Raises:
            PermanentError: it is none.
        """
        match = _IMAGE.fullmatch(text)
        if match is None:
            raise PermanentError(f"{text!r} is no reference to an image.")
        first, slash, rest = match["name"].partition("/")
        is_host = bool(slash) and (first == "localhost" or "." in first or ":" in first)
        host, repository = (first, rest) if is_host else ("docker.io", match["name"])
        if host == "docker.io":
            host = _DOCKER_HUB
            repository = repository if "/" in repository else f"library/{repository}"
        reference = match["digest"] or match["tag"] or "latest"
        return cls(host=host, repository=repository, reference=reference)


class Layer(BaseModel):
    """One archive of an image's files."""

    model_config = ConfigDict(frozen=True)

    digest: str


class _Fitted(Layer):
    """An image for one kind of machine."""

    platform: Mapping[str, Any] | None = None


class _Manifest(BaseModel):
    """An image, or an index of images for several kinds of machine."""

    model_config = ConfigDict(frozen=True)

    layers: tuple[Layer, ...] | None = None
    manifests: tuple[_Fitted, ...] | None = None


class Registry:
    """The registry of one image."""

    def __init__(self, image: Image, credentials: str, *, is_insecure: bool) -> None:
        """`credentials` are `user:password` in Base64, as Docker keeps them; or nothing."""
        self._image = image
        self._credentials = credentials
        self._authorization = f"Basic {credentials}" if credentials else ""
        scheme = "http" if _HERE.fullmatch(image.host) else "https"
        self._root = f"{scheme}://{image.host}/v2/{image.repository}"
        self._http = httpx.Client(timeout=_TIMEOUT_S, follow_redirects=True, verify=not is_insecure)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def layers(self) -> list[Layer]:
        """List the archives of the image, the lowest first.

        Raises:
            PermanentError: there is no such image, or it is not what its digest says.
            TransientError: the registry cannot be reached.
        """
        manifest = self._manifest(self._image.reference)
        if manifest.manifests:
            manifest = self._manifest(_fitting(manifest.manifests))
        return list(manifest.layers or ())

    def download(self, layer: Layer, file: Path, *, limit_bytes: int) -> int:
        """Write an archive into a file, and give its size in bytes.

        Raises:
            PermanentError: it is larger than the limit, or not what its digest says.
            TransientError: the registry cannot be reached.
        """
        size_bytes, digest = 0, hashlib.sha256()
        with (
            self._asked(f"/blobs/{layer.digest}") as answer,
            file.open("wb") as output,
        ):
            for chunk in answer.iter_bytes(_CHUNK_BYTES):
                size_bytes += len(chunk)
                if size_bytes > limit_bytes:
                    raise PermanentError(f"The image is larger than {MAX_BYTES} bytes.")
                digest.update(chunk)
                output.write(chunk)
        _check(digest.hexdigest(), layer.digest)
        return size_bytes

    def _manifest(self, reference: str) -> "_Manifest":
        with self._asked(f"/manifests/{reference}", accept=(*_INDEXES, *_MANIFESTS)) as answer:
            body = b""
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > _MAX_MANIFEST_BYTES:
                    raise PermanentError("The image's manifest is too large.")
        if reference.startswith("sha256:"):
            _check(hashlib.sha256(body).hexdigest(), reference)
        try:
            return _Manifest.model_validate_json(body)
        except ValidationError as error:
            raise PermanentError(f"{self._root}: that is no manifest of an image.") from error

    @contextmanager
    def _asked(self, path: str, *, accept: tuple[str, ...] = ()) -> Iterator[httpx.Response]:
        try:
            with self._sent(path, accept) as answer:
                challenge = answer.headers.get("www-authenticate", "")
                if answer.status_code != 401 or not challenge.lower().startswith("bearer"):
                    yield self._fine(answer, path)
                    return
            self._authorization = f"Bearer {self._token(challenge)}"
            with self._sent(path, accept) as answer:
                yield self._fine(answer, path)
        except httpx.InvalidURL as error:
            raise PermanentError(f"{self._root}{path} cannot be asked for: {error}") from error
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise TransientError(f"{self._image.host} cannot be reached: {reason}") from error

    def _sent(self, path: str, accept: tuple[str, ...]) -> Any:
        headers = {"Accept": ", ".join(accept) or "*/*", "Accept-Encoding": "identity"}
        if self._authorization:
            headers["Authorization"] = self._authorization
        return self._http.stream("GET", f"{self._root}{path}", headers=headers)

    def _fine(self, answer: httpx.Response, path: str) -> httpx.Response:
        if answer.is_success:
            return answer
        message = f"{self._root}{path}: the registry answered {answer.status_code}"
        if answer.status_code >= 500 or answer.status_code == 429:
            raise TransientError(message)
        raise PermanentError(message)

    def _token(self, challenge: str) -> str:
        asked = dict(_CHALLENGE.findall(challenge))
        query = {name: asked[name] for name in ("service", "scope") if name in asked}
        headers = {"Authorization": f"Basic {self._credentials}"} if self._credentials else {}
        answer = self._http.get(asked.get("realm", ""), params=query, headers=headers)
        if not answer.is_success:
            raise PermanentError(f"{self._image.host}: signing in gave {answer.status_code}")
        try:
            body = answer.json()
            return str(body.get("token") or body.get("access_token") or "")
        except (ValueError, AttributeError) as error:
            raise PermanentError(f"{self._image.host}: signing in gave no token.") from error


def credentials(secrets: Mapping[str, Any], host: str) -> str:
    """Give the credentials for a registry out of Docker's configuration; empty without."""
    names = {
        host,
        f"https://{host}",
        "https://index.docker.io/v1/" if host == _DOCKER_HUB else host,
    }
    for name, entry in (secrets.get("auths") or {}).items():
        if name.rstrip("/") not in {known.rstrip("/") for known in names}:
            continue
        if entry.get("auth"):
            return str(entry["auth"])
        pair = f"{entry.get('username', '')}:{entry.get('password', '')}"
        return base64.b64encode(pair.encode()).decode()
    return ""


def _fitting(manifests: Sequence[_Fitted]) -> str:
    """Choose the image for this machine; where there is none, the first: files fit everywhere."""
    wanted = {
        "os": "linux",
        "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
    }
    for entry in manifests:
        if wanted.items() <= (entry.platform or {}).items():
            return entry.digest
    return manifests[0].digest


def _check(found: str, wanted: str) -> None:
    if f"sha256:{found}" != wanted:
        raise PermanentError(f"The registry gave sha256:{found} for {wanted}.")
