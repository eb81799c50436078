"""A repository on this disk, and a registry on this machine, with skills in them."""

import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer


class Repository:
    """A real repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        environment = {
            **os.environ,
            "GIT_CONFIG_GLOBAL": os.devnull,
            **{f"GIT_{who}_NAME": "t" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "t@example.com" for who in ("AUTHOR", "COMMITTER")},
        }
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, files: dict[str, str]) -> str:
        """Add files and give the id of the commit."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "more")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "origin")


def packed(entries: Iterable[tuple[str, str | tuple[str, str]]]) -> bytes:
    """A layer: names with texts, or with `("link", target)` or `("hard", name)`."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in entries:
            member = tarfile.TarInfo(name)
            if isinstance(content, tuple):
                member.linkname = content[1]
                member.type = tarfile.SYMTYPE if content[0] == "link" else tarfile.LNKTYPE
                archive.addfile(member)
            elif name.endswith("/"):
                member.type, member.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(member)
            else:
                member.size, member.mode = len(content.encode()), 0o755
                archive.addfile(member, io.BytesIO(content.encode()))
    return gzip.compress(buffer.getvalue(), mtime=0)


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class Shelf:
    """A registry with what is pushed to it."""

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        self.host = f"127.0.0.1:{server.port}"
        self.packed, self.digest = packed, digest

    def put(self, path: str, content: bytes, **answer: Any) -> None:
        self.server.expect_request(f"/v2/team/skill{path}", **answer).respond_with_data(content)

    def push(self, *layers: bytes, tag: str = "1", is_indexed: bool = False) -> str:
        """Offer an image and give its digest."""
        for layer in layers:
            self.put(f"/blobs/{digest(layer)}", layer)
        kind = "application/vnd.oci.image.layer.v1.tar+gzip"
        listed = [{"mediaType": kind, "digest": digest(layer)} for layer in layers]
        manifest = json.dumps({"schemaVersion": 2, "layers": listed}).encode()
        self.put(f"/manifests/{digest(manifest)}", manifest)
        if is_indexed:
            place = {"os": "linux", "architecture": "s390x"}
            entry = {"digest": digest(manifest), "platform": place}
            manifest = json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()
            self.put(f"/manifests/{digest(manifest)}", manifest)
        self.put(f"/manifests/{tag}", manifest)
        return digest(manifest)


@pytest.fixture
def shelf(httpserver: HTTPServer) -> Shelf:
    return Shelf(httpserver)
