"""A real control plane from the binaries in KUBEBUILDER_ASSETS, as controller-runtime's envtest.

etcd and kube-apiserver only: no controllers and no kubelet, so pods never run and nothing becomes
Healthy; what is applied, compared, healed and pruned is the same as anywhere.
"""

import base64
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from loopback import spare_port
from waiting import eventually

TOKEN = "envtest-admin"


@contextmanager
def control_plane(assets: Path, folder: Path) -> Iterator[Path]:
    """Run etcd and kube-apiserver with their state in a folder; gives an admin kubeconfig."""
    etcd = f"http://127.0.0.1:{spare_port()}"
    port = spare_port()
    with ExitStack() as started:
        started.enter_context(_running(folder / "etcd.log", _etcd(assets, folder, etcd)))
        command = _apiserver(assets, folder, etcd, port)
        started.enter_context(_running(folder / "kube-apiserver.log", command))
        certificate = folder / "certificates/apiserver.crt"
        eventually(certificate.exists, what="the API server's certificate")
        server = f"https://localhost:{port}"
        eventually(lambda: _is_ready(server, certificate), what="the API server")
        yield _kubeconfig(folder, server, certificate)


def _etcd(assets: Path, folder: Path, url: str) -> list[str]:
    peer = f"http://127.0.0.1:{spare_port()}"
    return [
        str(assets / "etcd"),
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
    ]


def _apiserver(assets: Path, folder: Path, etcd: str, port: int) -> list[str]:
    tokens = folder / "tokens.csv"
    tokens.write_text(f"{TOKEN},admin,admin,system:masters\n")
    key = _signing_key(folder / "service-accounts.key")
    return [
        str(assets / "kube-apiserver"),
        f"--etcd-servers={etcd}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certificates'}",
        f"--token-auth-file={tokens}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--service-account-issuer=https://localhost/",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        # Without controllers, nobody makes the service accounts that it would insist on.
        "--disable-admission-plugins=ServiceAccount",
    ]


def _signing_key(file: Path) -> Path:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    file.write_bytes(pem)
    return file


@contextmanager
def _running(log: Path, command: list[str]) -> Iterator[None]:
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def _is_ready(server: str, certificate: Path) -> bool:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    try:
        trust = ssl.create_default_context(cafile=str(certificate))
        answer = httpx.get(f"{server}/readyz", verify=trust, headers=headers, trust_env=False)
    except (httpx.TransportError, ssl.SSLError):
        return False
    return answer.is_success


def _kubeconfig(folder: Path, server: str, certificate: Path) -> Path:
    authority = base64.b64encode(certificate.read_bytes()).decode()
    cluster = {"server": server, "certificate-authority-data": authority}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "envtest", "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": TOKEN}}],
        "contexts": [{"name": "envtest", "context": {"cluster": "envtest", "user": "admin"}}],
        "current-context": "envtest",
    }
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(config))
    return file
