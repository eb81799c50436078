"""Requests to one Kubernetes API: configuration, authentication, timeouts, errors.

The library's typed models cost five times the CPU of plain JSON (`call_api` with orjson), so
nothing else of it is used. One connection is shared by all threads; urllib3's pool is safe for it.
"""

import contextlib
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self, TypeAlias
from urllib.parse import urlencode

import orjson
import urllib3
from kubernetes import client as kubernetes_client
from kubernetes import config as kubernetes_config

from controller import __version__, telemetry
from controller.cluster import errors
from controller.errors import PermanentError

Query: TypeAlias = Mapping[str, str | int]

JSON = "application/json"
APPLY = "application/apply-patch+yaml"
"""JSON is YAML: the body is sent as JSON under this content type."""

_CONNECT_S = 5.0
READ_S = 30.0
"""The longest silence of an API server that is waited for; what times out is tried again."""
_POOL_SIZE = 64
"""Connections kept: every watch holds one, every worker of an apply another."""
# The library follows Retry-After by sleeping inside the call; here the caller decides.
_RETRIES = urllib3.Retry(
    total=2, connect=2, read=1, redirect=0, status=0, other=0, backoff_factor=0.1,
    respect_retry_after_header=False, raise_on_status=False, raise_on_redirect=False,
)  # fmt: skip


class Connection:
    """An authenticated way to one API server; safe to share between threads."""

    def __init__(
        self, configuration: kubernetes_client.Configuration, *, timeout_s: float = READ_S
    ) -> None:
        self._timeout_s = timeout_s
        configuration.retries = _RETRIES
        configuration.connection_pool_maxsize = _POOL_SIZE
        configuration.keep_alive = True
        self._api = kubernetes_client.ApiClient(configuration)
        self._host = str(configuration.host).rstrip("/")
        self._is_closed = False

    @classmethod
    def from_kubeconfig(
        cls, path: Path | None, context: str | None, *, timeout_s: float = READ_S
    ) -> Self:
        """Connect as a kubeconfig says, `$KUBECONFIG` or `~/.kube/config` where path is None.

        The file is the user's own, so its exec plugins run, as kubectl runs them (EKS and GKE sign
        in that way). Never pass a file that came out of a repository or a request: a plugin is a
        program of its author's choice (CVE-2022-24817).

        Raises:
            PermanentError: the file is missing, unreadable or names no such context.
        """
        configuration = _configuration()
        try:
            kubernetes_config.load_kube_config(  # type: ignore[no-untyped-call]  # the library has no types here
                config_file=str(path) if path else None,
                context=context,
                client_configuration=configuration,
            )
        except (kubernetes_config.ConfigException, OSError) as error:
            name, reason = path or "$KUBECONFIG or ~/.kube/config", str(error).rstrip(".")
            raise PermanentError(
                f"Cannot use kubeconfig {name}: {reason}.",
                remedy="Name another with --kubeconfig and --context. The local cluster's is "
                "$(roster local kubeconfig).",
            ) from error
        return cls(configuration, timeout_s=timeout_s)

    @classmethod
    def in_cluster(cls, *, timeout_s: float = READ_S) -> Self:
        """Connect with the service account of the pod that this runs in.

        Raises:
            PermanentError: this is no pod, or its service account has no token.
        """
        configuration = _configuration()
        try:
            kubernetes_config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]  # the library has no types here
        except (kubernetes_config.ConfigException, OSError) as error:
            raise PermanentError(
                f"Not inside a cluster: {error}.", remedy="Name a kubeconfig with --kubeconfig."
            ) from error
        return cls(configuration, timeout_s=timeout_s)

    @property
    def host(self) -> str:
        """Address of the API server, as `https://host:port`."""
        return self._host

    def authorization(self) -> dict[str, str]:
        """Give the header that says who asks; empty where a certificate does.

        Asked for every time: tokens of service accounts and exec plugins expire.
        """
        headers: dict[str, str] = {}
        self._api.update_params_for_auth(headers, [], ["BearerToken"], "", "", None)
        return headers

    def tls(self) -> ssl.SSLContext:
        """Give the trust and the certificate of the configuration, for another HTTP client."""
        configuration = self._api.configuration
        context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
        if not configuration.verify_ssl:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if configuration.cert_file:
            context.load_cert_chain(configuration.cert_file, configuration.key_file)
        return context

    def close(self) -> None:
        """Close the idle connections, and send no more; those in use close when they are done.

        A thread that was left behind could otherwise write, from what it knew then, into a cluster
        that another process looks after by now.
        """
        self._is_closed = True
        self._api.close()  # type: ignore[no-untyped-call]  # the library has no types here

    def request(  # noqa: PLR0913 -- the parts of an HTTP request, all but three optional
        self,
        method: str,
        path: str,
        *,
        action: str,
        query: Query | None = None,
        body: Any = None,
        content_type: str = JSON,
        accept: str = JSON,
        is_secret: bool = False,
    ) -> Any:
        """Send one request and give its JSON answer.

        Args:
            method: HTTP method.
            path: below the host, beginning with a slash.
            action: what this is about, for error messages: `read v1/Secret agents/key`.
            query: parameters of the URL.
            body: sent as JSON; None sends no body.
            content_type: of the body.
            accept: content types that are understood.
            is_secret: whether the server's error text may quote a Secret.

        Raises:
            NotFoundError, ConflictError, ForbiddenError, InvalidError, GoneError,
            UnavailableError: by the server's answer, or its absence.
        """
        # The library serialises JSON bodies itself and takes only other types as bytes.
        payload = orjson.dumps(body) if content_type == APPLY else body
        if self._is_closed:
            raise errors.UnavailableError(f"Cannot {action}: Roster is stopping.")
        headers = self._headers(accept, content_type if body is not None else None)
        timed = telemetry.timed(telemetry.KUBERNETES_REQUEST_DURATION, verb=method)
        with _reaching(action), timed:
            answer = self._api.call_api(
                method, self._url(path, query), headers, payload,
                _request_timeout=(_CONNECT_S, self._timeout_s),
            )  # fmt: skip
            data = answer.read()  # type: ignore[no-untyped-call]  # the library has no types here
        if not 200 <= answer.status < 300:
            raise errors.translate(
                errors.Refusal(
                    action=action,
                    status=answer.status,
                    body=data or b"",
                    is_secret=is_secret,
                    retry_after=answer.headers.get("Retry-After"),
                )
            )
        return _parsed(data, action) if JSON in accept else data

    @contextlib.contextmanager
    def stream(
        self, path: str, *, action: str, query: Query, read_timeout_s: float, accept: str = JSON
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """Open an answer that goes on, such as a watch; `read_timeout_s` bounds a silence.

        Raises:
            RosterError: as `request`.
        """
        with _reaching(action):
            answer = self._api.call_api(
                "GET", self._url(path, query), self._headers(accept, None), None,
                _request_timeout=(_CONNECT_S, read_timeout_s),
            )  # fmt: skip
            response: urllib3.BaseHTTPResponse = answer.response
            try:
                if response.status != 200:
                    raise errors.translate(
                        errors.Refusal(
                            action=action,
                            status=response.status,
                            body=response.data,
                            retry_after=response.headers.get("Retry-After"),
                        )
                    )
                yield response
            finally:
                response.close()

    def _url(self, path: str, query: Query | None) -> str:
        return f"{self._host}{path}?{urlencode(query)}" if query else f"{self._host}{path}"

    def _headers(self, accept: str, content_type: str | None) -> dict[str, str]:
        headers = {"Accept": accept, "User-Agent": f"roster/{__version__}"}
        if content_type:
            headers["Content-Type"] = content_type
        return {**headers, **self.authorization()}


def _configuration() -> kubernetes_client.Configuration:
    # The class hands out copies of a process-wide default when called; this makes a fresh one.
    configuration: kubernetes_client.Configuration = type.__call__(kubernetes_client.Configuration)
    return configuration


@contextlib.contextmanager
def _reaching(action: str) -> Iterator[None]:
    try:
        yield
    except urllib3.exceptions.HTTPError as error:
        raise errors.unreachable(action, error) from error
    except kubernetes_client.ApiException as error:
        # Status 0: the library's own wrapping of TLS failures.
        raise errors.unreachable(action, error) from error


def _parsed(data: bytes | None, action: str) -> Any:
    try:
        return orjson.loads(data or b"null")
    except orjson.JSONDecodeError as error:
        raise errors.UnavailableError(f"Cannot {action}: the answer is not JSON.") from error
