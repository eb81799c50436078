"""Images from a registry: layers over each other, and nothing outside of the folder."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from controller.errors import PermanentError, TransientError
from controller.local.skillsinit import oci, registry
from controller.local.skillsinit.registry import Image
from controller.local.skillsinit.wanted import OciRef

NONE: dict[str, Any] = {"auths": {}}


def fetch(image: str, folder: Path, secrets: dict[str, Any] = NONE) -> None:
    ref = OciRef(image=image, dest="/skills/skill")
    oci.fetch(ref, folder, secrets=secrets, is_insecure=False)


def files(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in found}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "skill"


def test_layers_are_laid_over_each_other(shelf: Any, folder: Path) -> None:
    lower = shelf.packed([("SKILL.md", "old"), ("gone.md", "x"), ("data/a", "1"), ("tmp/b", "2")])
    upper = shelf.packed(
        [("./SKILL.md", "new"), (".wh.gone.md", ""), ("data/.wh..wh..opq", ""), ("data/c", "3")]
    )
    shelf.push(lower, upper)

    fetch(f"{shelf.host}/team/skill:1", folder)

    assert files(folder) == {"SKILL.md": "new", "data/c": "3", "tmp/b": "2"}


@pytest.mark.parametrize("is_indexed", [False, True], ids=["image", "index of images"])
def test_a_digest_is_what_comes(shelf: Any, folder: Path, *, is_indexed: bool) -> None:
    pinned = shelf.push(shelf.packed([("SKILL.md", "pinned")]), is_indexed=is_indexed)
    shelf.push(shelf.packed([("SKILL.md", "other")]), tag="2")

    fetch(f"{shelf.host}/team/skill:2@{pinned}", folder)

    assert files(folder) == {"SKILL.md": "pinned"}


def test_what_is_not_what_its_digest_says_is_refused(shelf: Any, folder: Path) -> None:
    layer = shelf.packed([("SKILL.md", "x")])
    shelf.put(f"/blobs/{shelf.digest(b'another')}", layer)
    wrong = json.dumps({"layers": [{"digest": shelf.digest(b"another")}]}).encode()
    shelf.put("/manifests/1", wrong)
    shelf.put(f"/manifests/{shelf.digest(b'third')}", wrong)

    for reference in (":1", f"@{shelf.digest(b'third')}"):
        with pytest.raises(PermanentError, match="The registry gave sha256:"):
            fetch(f"{shelf.host}/team/skill{reference}", folder)


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        pytest.param([("../out", "x")], "leads out", id="above"),
        pytest.param([("link", ("link", "/etc"))], "a link out", id="absolute link"),
        pytest.param([("a/link", ("link", "../../out"))], "a link out", id="link above"),
        pytest.param(
            [("a/b/top", ("link", "../..")), ("a/b/top/out", ("link", "../../.."))],
            "a link out",
            id="link above, through a link",
        ),
        pytest.param(
            [("a/out", ("link", "top/..")), ("a/top", ("link", ".."))],
            "a link out",
            id="link above, by a later link",
        ),
        pytest.param(
            [("a", ("link", "b")), ("b", ("link", "a")), ("a/x", "x")],
            "cannot be unpacked",
            id="links in a circle",
        ),
        pytest.param([("x", ("hard", "../../x"))], "leads out", id="hard link above"),
        pytest.param([("x", ("hard", "none"))], "is no file", id="hard link to nothing"),
        pytest.param(
            [("a/x", "x"), ("a/b", ("link", "../a")), ("c", ("hard", "a/b"))],
            "is no file",
            id="hard link to a link",
        ),
    ],
)
def test_layers_that_lead_out_are_refused(
    shelf: Any, folder: Path, entries: list[Any], said: str
) -> None:
    shelf.push(shelf.packed(entries))

    with pytest.raises(PermanentError, match=said):
        fetch(f"{shelf.host}/team/skill:1", folder)

    assert list(folder.parent.iterdir()) == [folder]


def test_links_inside_are_kept_and_written_over(shelf: Any, folder: Path) -> None:
    lower = shelf.packed([("a/", ""), ("a/x", "1"), ("b", ("link", "a")), ("c", ("link", "a/x"))])
    shelf.push(lower, shelf.packed([("c", "own"), ("/b/y", "2")]))

    fetch(f"{shelf.host}/team/skill:1", folder)

    assert files(folder) == {"a/x": "1", "a/y": "2", "c": "own"}


def test_a_file_with_two_names_has_both(shelf: Any, folder: Path) -> None:
    shelf.push(shelf.packed([("a", "1"), ("b/c", ("hard", "a"))]), shelf.packed([("a", "2")]))

    fetch(f"{shelf.host}/team/skill:1", folder)

    assert files(folder) == {"a": "2", "b/c": "1"}


@pytest.mark.parametrize("content", [b"no JSON", b"[]", b'{"layers": [{}]}', b'{"layers": 1}'])
def test_a_manifest_that_is_none_is_refused(shelf: Any, folder: Path, content: bytes) -> None:
    shelf.put("/manifests/1", content)

    with pytest.raises(PermanentError, match="no manifest of an image"):
        fetch(f"{shelf.host}/team/skill:1", folder)


def test_scripts_can_be_executed(shelf: Any, folder: Path) -> None:
    shelf.push(shelf.packed([("run.sh", "echo")]))

    fetch(f"{shelf.host}/team/skill:1", folder)

    assert (folder / "run.sh").stat().st_mode & 0o777 == 0o755


def test_a_token_is_fetched_where_the_registry_wants_one(shelf: Any, folder: Path) -> None:
    layer = shelf.packed([("SKILL.md", "private")])
    manifest = json.dumps({"layers": [{"digest": shelf.digest(layer)}]}).encode()
    bearer = {"Authorization": "Bearer t0ken"}
    shelf.put("/manifests/1", manifest, headers=bearer)
    shelf.put(f"/blobs/{shelf.digest(layer)}", layer, headers=bearer)
    basic = base64.b64encode(b"ann:pass").decode()
    shelf.server.expect_request(
        "/token",
        query_string={"service": "r", "scope": "repository:team/skill:pull"},
        headers={"Authorization": f"Basic {basic}"},
    ).respond_with_json({"token": "t0ken"})
    asked = f'realm="http://{shelf.host}/token",service="r",scope="repository:team/skill:pull"'
    shelf.server.expect_request("/v2/team/skill/manifests/1").respond_with_data(
        "", 401, headers={"WWW-Authenticate": f"Bearer {asked}"}
    )

    secrets = {"auths": {shelf.host: {"username": "ann", "password": "pass"}}}
    fetch(f"{shelf.host}/team/skill:1", folder, secrets)

    assert files(folder) == {"SKILL.md": "private"}


def test_an_image_that_is_not_there_and_a_registry_that_is_away(shelf: Any, folder: Path) -> None:
    shelf.server.expect_request("/v2/team/skill/manifests/1").respond_with_data("", 404)
    shelf.server.expect_request("/v2/team/skill/manifests/2").respond_with_data("", 503)

    with pytest.raises(PermanentError, match="manifests/1: the registry answered 404"):
        fetch(f"{shelf.host}/team/skill:1", folder)
    with pytest.raises(TransientError, match="answered 503"):
        fetch(f"{shelf.host}/team/skill:2", folder)
    with pytest.raises(TransientError, match=r"127\.0\.0\.1:1 cannot be reached"):
        fetch("127.0.0.1:1/team/skill:1", folder)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ghcr.io/a/b", Image(host="ghcr.io", repository="a/b", reference="latest")),
        ("ghcr.io/a/b:1.2", Image(host="ghcr.io", repository="a/b", reference="1.2")),
        ("localhost:5000/b", Image(host="localhost:5000", repository="b", reference="latest")),
        (
            "alpine:3",
            Image(host="registry-1.docker.io", repository="library/alpine", reference="3"),
        ),
        (
            f"r.io/a:1@sha256:{'0' * 64}",
            Image(host="r.io", repository="a", reference=f"sha256:{'0' * 64}"),
        ),
    ],
)
def test_references_are_taken_apart(text: str, expected: Image) -> None:
    assert Image.parse(text) == expected


def test_a_reference_that_is_none_is_refused() -> None:
    with pytest.raises(PermanentError, match="no reference to an image"):
        Image.parse("r.io/a@sha256:12")


@pytest.mark.parametrize(
    ("host", "auths", "expected"),
    [
        ("r.io", {"r.io": {"auth": "abc"}}, "abc"),
        ("r.io", {"https://r.io/": {"auth": "abc"}}, "abc"),
        ("r.io", {"other.io": {"auth": "abc"}}, ""),
        ("registry-1.docker.io", {"https://index.docker.io/v1/": {"auth": "abc"}}, "abc"),
    ],
)
def test_credentials_are_those_of_the_registry(
    host: str, auths: dict[str, Any], expected: str
) -> None:
    assert registry.credentials({"auths": auths}, host) == expected


def test_pull_secrets_are_put_together(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        content = json.dumps({"auths": {f"{name}.io": {"auth": name}}})
        (tmp_path / name / ".dockerconfigjson").write_text(content)
    (tmp_path / "c").mkdir()

    assert oci.secrets([tmp_path / name for name in "abcd"]) == {
        "auths": {"a.io": {"auth": "a"}, "b.io": {"auth": "b"}}
    }
