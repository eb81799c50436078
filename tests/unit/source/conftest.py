"""Real repositories, and a real git server on loopback."""

import base64
import contextlib
import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from loopback import refusing

from controller.source.limits import Limits
from controller.source.repository import Repositories
from controller.source.snapshot import Snapshot, Source

_IDENTITY = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")


@pytest.fixture
def git() -> Callable[..., str]:
    """Run git in a folder and give what it prints."""

    def run(folder: Path, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *_IDENTITY, *arguments],
            cwd=folder,
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return done.stdout.decode().strip()

    return run


@pytest.fixture
def commit(git: Callable[..., str]) -> Callable[..., str]:
    """Write files (None deletes) into a work tree, commit them, and give the commit's id."""

    def make(folder: Path, files: Mapping[str, str | bytes | None], message: str = "Change") -> str:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.unlink()
            else:
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "--allow-empty", "-m", message)
        return git(folder, "rev-parse", "HEAD")

    return make


@pytest.fixture
def upstream(tmp_path: Path, git: Callable[..., str], commit: Callable[..., str]) -> Path:
    """A repository with one commit: agents/a.yaml and a README."""
    folder = tmp_path / "upstream"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "uploadpack.allowFilter", "true")
    commit(folder, {"agents/a.yaml": "a: 1\n", "README.md": "Agents.\n"}, "Begin")
    return folder


@pytest.fixture
def repositories(tmp_path: Path) -> Repositories:
    """Mirrors in a fresh folder; servers get as long as a loaded machine needs."""
    return Repositories(tmp_path / "git", limits=Limits(timeout_s=60, fetch_timeout_s=60))


@pytest.fixture
def read(
    repositories: Repositories, upstream: Path, commit: Callable[..., str]
) -> Callable[..., Snapshot]:
    """Commit what is in the work tree and read it back."""

    def snapshot(path: str = "agents", extra_paths: tuple[str, ...] = ()) -> Snapshot:
        revision = commit(upstream, {})
        source = Source(repo_url=str(upstream), path=path)
        return repositories.fetch(source, revision, extra_paths=extra_paths)

    return snapshot


@dataclass
class GitServer:
    """`git http-backend` behind a small HTTP server, with ways to misbehave."""

    root: Path
    url: str = ""
    login: tuple[str, str] | None = None
    status: int = 0
    """Answer everything with this status."""
    redirect: str = ""
    """Redirect everything to below this URL."""
    dumb: bool = False
    """Serve plain files, as a web server without git does."""
    protocols: bool = True
    """Speak protocol version 2 when asked to."""
    posted: threading.Event = field(default_factory=threading.Event)
    """Set when somebody asks for objects."""
    hold: threading.Event | None = None
    """Send no objects until it is set."""
    requests: list[tuple[str, str]] = field(default_factory=list)
    """Method and path of each request."""
    logins: list[str] = field(default_factory=list)
    """`user:password` of each request that had one."""

    @property
    def listings(self) -> int:
        """How often references were asked for."""
        return sum(path.endswith("info/refs?service=git-upload-pack") for _, path in self.requests)

    @property
    def fetches(self) -> int:
        """How many requests could have brought objects."""
        return sum(method == "POST" for method, _ in self.requests)


class _Handler(BaseHTTPRequestHandler):
    git_server: GitServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        server = self.git_server
        body = self._body()
        server.requests.append((self.command, self.path))
        if (login := self._login()) is not None:
            server.logins.append(login)
        if self.command == "POST":
            server.posted.set()
            if server.hold is not None:
                server.hold.wait(60)
        if server.redirect:
            self._send(302, [("Location", server.redirect + self.path)])
        elif server.login is not None and login != ":".join(server.login):
            self._send(401, [("WWW-Authenticate", 'Basic realm="git"')])
        elif server.status:
            self._send(server.status, [])
        elif server.dumb:
            self._send_file()
        else:
            self._send_cgi(body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _login(self) -> str | None:
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        return base64.b64decode(value).decode() if kind == "Basic" else None

    def _send(self, status: int, headers: list[tuple[str, str]], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_file(self) -> None:
        path = self.git_server.root / urlsplit(self.path).path.lstrip("/")
        if path.is_file():
            self._send(200, [], path.read_bytes())
        else:
            self._send(404, [])

    def _send_cgi(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        protocol = self.headers.get("Git-Protocol", "") if self.git_server.protocols else ""
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,  # an error goes to the client, as part of the answer
            env={
                **os.environ,
                "GIT_PROJECT_ROOT": str(self.git_server.root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_PROTOCOL": protocol,
                "REQUEST_METHOD": self.command,
                "PATH_INFO": parts.path,
                "QUERY_STRING": parts.query,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            },
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = [
            (name, value.strip())
            for name, _, value in (line.partition(":") for line in head.decode().splitlines())
        ]
        status = next((int(value.split()[0]) for name, value in headers if name == "Status"), 200)
        with contextlib.suppress(ConnectionError):
            # Some tests kill the client.
            self._send(status, [pair for pair in headers if pair[0] != "Status"], content)


@pytest.fixture
def serve() -> Iterator[Callable[[Path], GitServer]]:
    """Start git servers for folders; each stops with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda root: stack.enter_context(_serving(root))


@pytest.fixture
def server(serve: Callable[[Path], GitServer], upstream: Path) -> GitServer:
    """A git server that serves the upstream at `/upstream/.git`."""
    return serve(upstream.parent)


@pytest.fixture
def encrypted(tmp_path: Path, upstream: Path) -> Iterator[tuple[GitServer, Path]]:
    """The same over TLS, and the certificate to trust."""
    certificate = _certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with _serving(upstream.parent, context) as server:
        yield server, certificate


def _certificate(folder: Path) -> Path:
    """Make a certificate for 127.0.0.1, signed by itself, in one file with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "git server")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that go away."""


@contextlib.contextmanager
def _serving(root: Path, context: ssl.SSLContext | None = None) -> Iterator[GitServer]:
    state = GitServer(root=root)
    handler = type("Handler", (_Handler,), {"git_server": state})
    with _Server(("127.0.0.1", 0), handler) as http:
        state.url = f"{'https' if context else 'http'}://127.0.0.1:{http.server_port}"
        if context is not None:
            # The handshake belongs into the handler's thread: a client may refuse it.
            http.socket = context.wrap_socket(
                http.socket, server_side=True, do_handshake_on_connect=False
            )
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield state
        finally:
            http.shutdown()
            thread.join()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that nobody listens on."""
    with refusing() as port:
        yield port
