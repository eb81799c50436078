import os
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.errors import PermanentError
from controller.source import tree
from controller.source.limits import Limits
from controller.source.repository import Repositories
from controller.source.snapshot import Ignored, Snapshot, Source

Git = Callable[..., str]


@pytest.fixture
def read(repositories: Repositories, upstream: Path, commit: Git) -> Callable[..., Snapshot]:
    """Commit what is in the work tree and read it back."""

    def snapshot(path: str = "agents", extra_paths: tuple[str, ...] = ()) -> Snapshot:
        revision = commit(upstream, {})
        source = Source(repo_url=str(upstream), path=path)
        return repositories.fetch(source, revision, extra_paths=extra_paths)

    return snapshot


@pytest.mark.parametrize(
    ("path", "normal"),
    [(".", ""), ("", ""), ("./", ""), ("a", "a"), ("./a//b/", "a/b"), ("a/../b", "b")],
)
def test_paths_are_normalised(path: str, normal: str) -> None:
    assert tree.normal_path(path) == normal


@pytest.mark.parametrize("path", ["..", "../x", "a/../../x", "/etc", "a\0b"])
def test_paths_out_of_the_repository_are_refused(path: str) -> None:
    with pytest.raises(PermanentError, match="leads out of the repository"):
        tree.normal_path(path)


def test_only_yaml_outside_hidden_folders_is_read(
    read: Callable[..., Snapshot], upstream: Path, commit: Git
) -> None:
    wanted = ["a.yaml", "agents/a.yaml", "agents/b.yml", "agents/[x].yaml", "agents/sp ace.yaml"]
    others = [
        ".github/workflows/ci.yaml",
        "agents/.hidden.yaml",
        "agents/.sub/c.yaml",
        "agents/notes.md",
        "agents/yaml",
        "agents2.yaml.txt",
    ]
    commit(upstream, dict.fromkeys([*wanted, *others], "x: 1\n"))

    assert list(read(".").files) == sorted(wanted)


def test_a_path_is_a_whole_name(read: Callable[..., Snapshot], upstream: Path, commit: Git) -> None:
    commit(upstream, {"agents-old/b.yaml": "b\n", "agents2/c.yaml": "c\n"})

    assert list(read("agents").files) == ["agents/a.yaml"]


def test_a_path_in_a_hidden_folder_can_be_named(
    read: Callable[..., Snapshot], upstream: Path, commit: Git
) -> None:
    commit(upstream, {".roster/agents/b.yaml": "b\n"})

    assert list(read(".roster/agents").files) == [".roster/agents/b.yaml"]


def test_odd_contents_come_back_byte_for_byte(
    read: Callable[..., Snapshot], upstream: Path, commit: Git
) -> None:
    contents = {
        "agents/empty.yaml": b"",
        "agents/no-newline.yaml": b"a: 1",
        "agents/crlf.yaml": b"a: 1\r\nb: 2\r\n",
        "agents/nul.yaml": b"\0\xff\n\n",
        "agents/umlaut-\u00fc.yaml": "ü: 1\n".encode(),
        "agents/twin.yaml": b"a: 1",
        ".gitattributes": b"* text=auto eol=crlf\n",
    }
    commit(upstream, {".gitattributes": None} if (upstream / ".gitattributes").exists() else {})
    commit(upstream, {name: body for name, body in contents.items() if name != ".gitattributes"})

    files = read().files

    assert {name: files[name] for name in contents if name != ".gitattributes"} == {
        name: body for name, body in contents.items() if name != ".gitattributes"
    }


def test_a_link_inside_the_repository_is_followed(
    read: Callable[..., Snapshot], upstream: Path, commit: Git
) -> None:
    commit(upstream, {"shared/models.yaml": "m: 1\n"})
    (upstream / "agents" / "models.yaml").symlink_to("../shared/models.yaml")

    assert read().files["agents/models.yaml"] == b"m: 1\n"


def test_a_link_to_a_file_that_is_read_anyway_is_ignored(
    read: Callable[..., Snapshot], upstream: Path
) -> None:
    (upstream / "agents" / "again.yaml").symlink_to("a.yaml")

    snapshot = read()

    assert list(snapshot.files) == ["agents/a.yaml"]
    assert snapshot.ignored == (
        Ignored(path="agents/again.yaml", reason="a link to agents/a.yaml, which is read itself"),
    )


@pytest.mark.parametrize(
    "target",
    [
        "/etc/passwd",
        "../../outside.yaml",
        "../agents/../../x",
        "nowhere.yaml",
        "loop.yaml",
        "../agents",
    ],
)
def test_a_link_that_leads_to_no_file_inside_is_refused(
    read: Callable[..., Snapshot], upstream: Path, target: str
) -> None:
    (upstream.parent / "outside.yaml").write_text("secret: 1\n")
    (upstream / "agents" / "loop.yaml").symlink_to(target)

    with pytest.raises(PermanentError, match=r"agents/loop\.yaml is a link"):
        read()


def test_a_link_to_a_folder_is_ignored_with_its_reason(
    read: Callable[..., Snapshot], upstream: Path
) -> None:
    (upstream / "agents" / "etc").symlink_to("/etc")

    snapshot = read()

    assert list(snapshot.files) == ["agents/a.yaml"]
    assert snapshot.ignored == (
        Ignored(path="agents/etc", reason="links to folders are not followed"),
    )


def test_links_are_followed_over_http_too(
    repositories: Repositories, server: object, upstream: Path, commit: Git
) -> None:
    commit(upstream, {"shared/models.yaml": "m: 1\n"})
    (upstream / "agents" / "models.yaml").symlink_to("../shared/models.yaml")
    revision = commit(upstream, {})
    source = Source(repo_url=f"{getattr(server, 'url')}/upstream/.git", path="agents")  # noqa: B009

    assert repositories.fetch(source, revision).files["agents/models.yaml"] == b"m: 1\n"


def test_submodules_are_ignored(read: Callable[..., Snapshot], upstream: Path, git: Git) -> None:
    head = git(upstream, "rev-parse", "HEAD")
    git(upstream, "update-index", "--add", "--cacheinfo", f"160000,{head},agents/sub")
    git(upstream, "commit", "-q", "-m", "Add a submodule")
    (upstream / "agents" / "sub").mkdir()

    snapshot = read()

    assert list(snapshot.files) == ["agents/a.yaml"]
    assert snapshot.ignored == (Ignored(path="agents/sub", reason="submodules are not fetched"),)


def test_names_that_are_not_utf8_are_ignored(read: Callable[..., Snapshot], upstream: Path) -> None:
    path = os.fsencode(upstream) + b"/agents/\xff.yaml"
    Path(os.fsdecode(path)).write_text("x: 1\n")

    snapshot = read()

    assert list(snapshot.files) == ["agents/a.yaml"]
    assert [item.reason for item in snapshot.ignored] == ["its name is not UTF-8"]


def test_a_path_that_is_a_file_is_refused(read: Callable[..., Snapshot]) -> None:
    with pytest.raises(PermanentError, match=r"agents/a\.yaml is not a folder"):
        read("agents/a.yaml")


def test_an_extra_path_may_be_a_file_and_must_exist(
    read: Callable[..., Snapshot],
) -> None:
    assert "README.md" in read("agents", ("README.md",)).files
    with pytest.raises(PermanentError, match="templates does not exist"):
        read("agents", ("templates",))


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (Limits(file_bytes=4), r"agents/a\.yaml has 5 bytes, 4 are allowed"),
        (Limits(files=1), "2 files, 1 are allowed"),
        (Limits(total_bytes=9), "10 bytes of definitions, 9 are allowed"),
    ],
)
def test_limits_are_kept(
    tmp_path: Path, upstream: Path, commit: Git, limits: Limits, says: str
) -> None:
    revision = commit(upstream, {"agents/b.yaml": "b: 1\n"})
    repositories = Repositories(tmp_path / "git", limits=limits)

    with pytest.raises(PermanentError, match=says):
        repositories.fetch(Source(repo_url=str(upstream), path="agents"), revision)
