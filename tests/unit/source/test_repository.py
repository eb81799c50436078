import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from waiting import eventually

from controller.errors import PermanentError, RosterError, TransientError
from controller.source.limits import Limits
from controller.source.repository import Credentials, Repositories
from controller.source.snapshot import Lines, Source

Git = Callable[..., str]
TOKEN = "tok-3n/very&secret"


def of(url: Path | str, revision: str = "HEAD", path: str = "agents") -> Source:
    return Source(repo_url=str(url), target_revision=revision, path=path)


def remote(server: Any) -> str:
    return f"{server.url}/upstream/.git"


@pytest.fixture(params=["path", "file", "http"])
def url(request: pytest.FixtureRequest, upstream: Path, server: Any) -> str:
    """The upstream, by each way it can be reached here."""
    return {"path": str(upstream), "file": upstream.as_uri(), "http": remote(server)}[request.param]


def test_snapshot_holds_commit_files_and_blobs(
    repositories: Repositories, url: str, upstream: Path, git: Git
) -> None:
    revision = repositories.resolve(of(url))

    snapshot = repositories.fetch(of(url), revision)

    assert revision == git(upstream, "rev-parse", "main")
    assert snapshot.files == {"agents/a.yaml": b"a: 1\n"}
    assert snapshot.blobs == {"agents/a.yaml": git(upstream, "rev-parse", "main:agents/a.yaml")}
    assert snapshot.commit.revision == revision
    assert (snapshot.commit.author, snapshot.commit.email) == ("Ada", "ada@example.com")
    assert snapshot.commit.message == "Begin"
    assert snapshot.commit.committed_at == datetime.fromisoformat(
        git(upstream, "log", "-1", "--format=%cI")
    )


def test_a_new_commit_is_fetched(
    repositories: Repositories, url: str, upstream: Path, commit: Git
) -> None:
    repositories.fetch(of(url), repositories.resolve(of(url)))
    revision = commit(upstream, {"agents/a.yaml": "a: 2\n", "agents/sub/b.yml": "b: 1\n"})

    assert repositories.resolve(of(url), fresh=True) == revision
    assert repositories.fetch(of(url), revision).files == {
        "agents/a.yaml": b"a: 2\n",
        "agents/sub/b.yml": b"b: 1\n",
    }


@pytest.mark.parametrize("name", ["feature/x", "refs/heads/feature/x", "heads/feature/x"])
def test_branches_resolve_by_short_and_full_name(
    repositories: Repositories, upstream: Path, git: Git, commit: Git, name: str
) -> None:
    git(upstream, "checkout", "-q", "-b", "feature/x")
    revision = commit(upstream, {"agents/a.yaml": "x\n"})
    git(upstream, "checkout", "-q", "main")

    assert repositories.resolve(of(upstream, name)) == revision


@pytest.mark.parametrize("options", [(), ("-a", "-m", "First")], ids=["light", "annotated"])
def test_a_tag_resolves_to_its_commit(
    repositories: Repositories, url: str, upstream: Path, git: Git, commit: Git, *, options: Any
) -> None:
    tagged = git(upstream, "rev-parse", "HEAD")
    git(upstream, "tag", *options, "v1")
    commit(upstream, {"agents/a.yaml": "a: 2\n"})

    revision = repositories.resolve(of(url, "v1"))

    assert revision == tagged
    assert repositories.fetch(of(url, "v1"), revision).files["agents/a.yaml"] == b"a: 1\n"


def test_a_full_commit_id_needs_no_listing(
    repositories: Repositories, server: Any, upstream: Path, git: Git, commit: Git
) -> None:
    first = git(upstream, "rev-parse", "HEAD")
    commit(upstream, {"agents/a.yaml": "a: 2\n"})
    source = of(remote(server), first.upper())

    assert repositories.resolve(source) == first
    assert server.requests == []
    assert repositories.fetch(source, first).files == {"agents/a.yaml": b"a: 1\n"}


def test_head_follows_the_default_branch(
    repositories: Repositories, upstream: Path, git: Git, commit: Git
) -> None:
    git(upstream, "checkout", "-q", "-b", "trunk")
    revision = commit(upstream, {"agents/a.yaml": "a: trunk\n"})

    assert repositories.resolve(of(upstream)) == revision


def test_applications_of_one_repository_share_a_listing(tmp_path: Path, server: Any) -> None:
    now = [100.0]
    repositories = Repositories(tmp_path / "git", listing_validity_s=5, clock=lambda: now[0])
    for path in ("agents", "tools", "."):
        repositories.resolve(of(remote(server), path=path))
    shared = server.listings
    now[0] += 5.1

    repositories.resolve(of(remote(server)))

    assert (shared, server.listings) == (1, 2)


def test_a_fresh_listing_is_asked_for_after_a_push(repositories: Repositories, server: Any) -> None:
    repositories.resolve(of(remote(server)))

    repositories.resolve(of(remote(server)), fresh=True)

    assert server.listings == 2


@pytest.fixture
def timeless(tmp_path: Path) -> Repositories:
    """Mirrors for which no time passes, so that a listing stays valid."""
    return Repositories(tmp_path / "git", limits=Limits(timeout_s=60), clock=lambda: 0.0)


def test_concurrent_resolves_share_one_request(timeless: Repositories, server: Any) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: timeless.resolve(of(remote(server))), range(24)))

    assert len(found) == 1
    assert server.listings == 1


def test_a_failure_is_shared_like_an_answer(timeless: Repositories, server: Any) -> None:
    server.status = 503
    for _ in range(3):
        with pytest.raises(TransientError, match="503"):
            timeless.resolve(of(remote(server)))

    assert server.listings == 1


def test_an_unchanged_revision_costs_no_request(repositories: Repositories, server: Any) -> None:
    source = of(remote(server))
    revision = repositories.resolve(source)
    first = repositories.fetch(source, revision)
    requests = len(server.requests)

    assert repositories.fetch(source, revision) is first
    assert len(server.requests) == requests


def test_a_fetched_revision_survives_a_restart_without_the_server(
    tmp_path: Path, server: Any
) -> None:
    source = of(remote(server))
    revision = Repositories(tmp_path / "git").resolve(source)
    Repositories(tmp_path / "git").fetch(source, revision)
    server.status = 503

    assert Repositories(tmp_path / "git").fetch(source, revision).files


def test_only_wanted_contents_are_fetched(
    repositories: Repositories, server: Any, upstream: Path, commit: Git, tmp_path: Path
) -> None:
    commit(upstream, {f"media/{n}.bin": f"{n}" * 100_000 for n in range(20)})
    commit(upstream, {"agents/logo.png": "p" * 100_000})
    source = of(remote(server))

    repositories.fetch(source, repositories.resolve(source))

    mirror = next((tmp_path / "git").glob("*.git"))
    present = subprocess.run(
        ["git", "cat-file", "--batch-all-objects", "--batch-check=%(objecttype)"],
        cwd=mirror,
        check=True,
        capture_output=True,
    )
    assert present.stdout.split().count(b"blob") == 1
    assert present.stdout.split().count(b"commit") == 1


def test_contents_are_fetched_together(
    repositories: Repositories, server: Any, upstream: Path, commit: Git
) -> None:
    commit(upstream, {f"agents/{n}.yaml": f"n: {n}\n" for n in range(50)})
    source = of(remote(server))
    revision = repositories.resolve(source)
    before = server.fetches

    assert len(repositories.fetch(source, revision).files) == 51
    # Two requests (references, objects) for the commit, and two for all contents.
    assert server.fetches - before <= 4


@pytest.mark.parametrize(
    ("allow_filter", "protocols", "dumb"),
    [(False, True, False), (True, False, False), (False, False, False), (False, False, True)],
    ids=["no-filter", "protocol-0", "protocol-0-no-filter", "dumb"],
)
@pytest.mark.parametrize("pinned", [False, True], ids=["branch", "commit"])
def test_servers_that_can_less_are_fetched_from_too(
    repositories: Repositories,
    server: Any,
    upstream: Path,
    git: Git,
    commit: Git,
    *,
    allow_filter: bool,
    protocols: bool,
    dumb: bool,
    pinned: bool,
) -> None:
    git(upstream, "config", "uploadpack.allowFilter", str(allow_filter).lower())
    server.protocols, server.dumb = protocols, dumb
    first = git(upstream, "rev-parse", "HEAD")
    commit(upstream, {"agents/a.yaml": "a: 2\n"})
    git(upstream, "tag", "-a", "-m", "Second", "v2")
    git(upstream, "update-server-info")
    source = of(remote(server), first if pinned else "v2")

    snapshot = repositories.fetch(source, repositories.resolve(source))

    assert snapshot.files == {"agents/a.yaml": b"a: 1\n" if pinned else b"a: 2\n"}


def test_a_force_push_is_followed_and_the_old_revision_kept(
    repositories: Repositories, url: str, upstream: Path, git: Git, commit: Git
) -> None:
    old = commit(upstream, {"agents/a.yaml": "a: old\n"})
    repositories.fetch(of(url), old)
    git(upstream, "reset", "-q", "--hard", "HEAD~1")
    new = commit(upstream, {"agents/a.yaml": "a: new\n"})

    assert repositories.resolve(of(url), fresh=True) == new
    assert repositories.fetch(of(url), new).files == {"agents/a.yaml": b"a: new\n"}
    git(upstream, "reflog", "expire", "--expire=now", "--all")
    git(upstream, "gc", "-q", "--prune=now")
    assert repositories.fetch(of(url), old).files == {"agents/a.yaml": b"a: old\n"}


def test_a_deleted_branch_is_named_with_what_there_is(
    repositories: Repositories, url: str, upstream: Path, git: Git
) -> None:
    git(upstream, "branch", "release")
    repositories.resolve(of(url, "release"))
    git(upstream, "branch", "-D", "release")
    git(upstream, "branch", "release-2")

    with pytest.raises(PermanentError, match=r"no branch or tag 'release'.*release-2"):
        repositories.resolve(of(url, "release"), fresh=True)


def test_an_empty_repository_says_so(repositories: Repositories, tmp_path: Path, git: Git) -> None:
    git(tmp_path, "init", "-q", "--bare", "empty.git")

    with pytest.raises(PermanentError, match=r"no commits yet.*Push a first commit"):
        repositories.resolve(of(tmp_path / "empty.git"))


def test_a_repository_that_got_its_first_commit_is_read(
    repositories: Repositories, tmp_path: Path, git: Git, commit: Git
) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    git(folder, "init", "-q")
    with pytest.raises(PermanentError):
        repositories.resolve(of(folder))
    revision = commit(folder, {"agents/a.yaml": "a: 1\n"})

    assert repositories.resolve(of(folder)) == revision


def test_an_emptied_path_is_an_error_not_an_empty_snapshot(
    repositories: Repositories, upstream: Path, commit: Git
) -> None:
    revision = commit(upstream, {"agents/a.yaml": None})

    with pytest.raises(PermanentError, match="agents does not exist"):
        repositories.fetch(of(upstream), revision)


def test_a_path_without_definitions_is_an_empty_snapshot(
    repositories: Repositories, upstream: Path, commit: Git
) -> None:
    revision = commit(upstream, {"agents/a.yaml": None, "agents/README.md": "None.\n"})

    assert repositories.fetch(of(upstream), revision).files == {}


def test_a_missing_repository_is_permanent(repositories: Repositories, tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="there is no such repository"):
        repositories.resolve(of(tmp_path / "nowhere"))


def test_a_missing_repository_on_a_server_is_permanent(
    repositories: Repositories, server: Any
) -> None:
    with pytest.raises(PermanentError, match="there is no such repository"):
        repositories.resolve(of(f"{server.url}/nowhere.git"))


def test_an_unreachable_server_is_transient(repositories: Repositories, closed_port: int) -> None:
    with pytest.raises(TransientError, match="cannot be reached"):
        repositories.resolve(of(f"http://127.0.0.1:{closed_port}/x.git"))


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_hanging_server_is_given_up(tmp_path: Path, silent_port: int, scheme: str) -> None:
    repositories = Repositories(tmp_path / "git", limits=Limits(timeout_s=0.5))

    with pytest.raises(TransientError, match=r"no answer within 0\.5 s"):
        repositories.resolve(of(f"{scheme}://127.0.0.1:{silent_port}/x.git"))

    def is_left() -> bool:
        command = ["pgrep", "-f", f":{silent_port}/x.git"]
        return subprocess.run(command, capture_output=True, check=False).stdout != b""

    eventually(lambda: not is_left(), what="the end of git")


def test_others_do_not_wait_for_a_hanging_server(
    repositories: Repositories, server: Any, upstream: Path
) -> None:
    server.hold = threading.Event()
    hanging = threading.Thread(target=repositories.resolve, args=(of(remote(server)),))
    hanging.start()
    assert server.posted.wait(60)

    repositories.resolve(of(upstream))

    assert hanging.is_alive()
    server.hold.set()
    hanging.join()


def test_credentials_are_sent_to_their_server_only(
    tmp_path: Path, server: Any, upstream: Path, git: Git
) -> None:
    server.login = ("bot", TOKEN)
    credentials = {server.url: Credentials(username="bot", token=TOKEN)}
    repositories = Repositories(tmp_path / "git", credentials=credentials)
    source = of(remote(server))

    snapshot = repositories.fetch(source, repositories.resolve(source))

    assert snapshot.revision == git(upstream, "rev-parse", "HEAD")
    assert set(server.logins) == {f"bot:{TOKEN}"}


@pytest.mark.parametrize("token", ["", "wrong-token"], ids=["none", "wrong"])
def test_refused_credentials_are_permanent(tmp_path: Path, server: Any, token: str) -> None:
    server.login = ("bot", TOKEN)
    credentials = {server.url: Credentials(username="bot", token=token)}
    repositories = Repositories(tmp_path / "git", credentials=credentials)

    with pytest.raises(PermanentError, match=r"refuses Roster's credentials.*ROSTER_GIT_TOKEN"):
        repositories.resolve(of(remote(server)))


def test_a_redirect_does_not_carry_credentials_to_another_host(
    tmp_path: Path, server: Any, serve: Any, upstream: Path
) -> None:
    thief = serve(upstream.parent)
    thief.login = ("bot", TOKEN)
    server.redirect = thief.url
    credentials = {server.url: Credentials(username="bot", token=TOKEN)}
    repositories = Repositories(tmp_path / "git", credentials=credentials)

    with pytest.raises(PermanentError):
        repositories.resolve(of(remote(server)))

    assert thief.requests != []
    assert thief.logins == []


def test_no_message_holds_the_token(tmp_path: Path, server: Any) -> None:
    server.login = ("bot", "other")
    credentials = {server.url: Credentials(username="bot", token=TOKEN)}
    repositories = Repositories(tmp_path / "git", credentials=credentials)

    with pytest.raises(PermanentError) as caught:
        repositories.resolve(of(remote(server)))

    error: BaseException | None = caught.value
    while error is not None:
        assert TOKEN not in f"{error!s} {error!r} {getattr(error, 'stderr', '')}"
        error = error.__cause__
    assert TOKEN not in repr(credentials)


def test_a_commit_that_is_not_there_is_permanent_when_it_was_asked_for(
    repositories: Repositories, url: str
) -> None:
    source = of(url, "0123456789" * 4)

    with pytest.raises(PermanentError, match="has no commit"):
        repositories.fetch(source, repositories.resolve(source))


def test_a_branch_that_moved_meanwhile_is_transient(repositories: Repositories, url: str) -> None:
    with pytest.raises(TransientError, match="Somebody pushed by force"):
        repositories.fetch(of(url, "main"), "0123456789" * 4)


@pytest.mark.parametrize("damage", ["object", "truncated-pack", "config", "gone", "lock"])
def test_a_damaged_mirror_is_made_anew(
    tmp_path: Path, server: Any, upstream: Path, commit: Git, damage: str
) -> None:
    source = of(remote(server))
    first = Repositories(tmp_path / "git")
    first.fetch(source, first.resolve(source))
    mirror = next((tmp_path / "git").glob("*.git"))
    _damage(mirror, damage)
    revision = commit(upstream, {"agents/b.yaml": "b: 1\n"})
    second = Repositories(tmp_path / "git")

    assert second.fetch(source, second.resolve(source)).revision == revision
    assert set(second.fetch(source, revision).files) == {"agents/a.yaml", "agents/b.yaml"}


def _damage(mirror: Path, damage: str) -> None:
    objects = [path for path in mirror.glob("objects/??/*") if path.is_file()]
    packs = list(mirror.glob("objects/pack/*.pack"))
    match damage:
        case "object" | "truncated-pack":
            for path in (*objects, *packs):
                path.chmod(0o600)
                path.write_bytes(path.read_bytes()[:20])
        case "config":
            (mirror / "config").write_text("[core\n")
        case "gone":
            shutil.rmtree(mirror / "objects")
        case "lock":
            (mirror / "shallow.lock").touch()
            (mirror / "config.lock").touch()


def test_a_damaged_object_of_a_known_revision_is_fetched_again(
    tmp_path: Path, upstream: Path
) -> None:
    source = of(upstream)
    first = Repositories(tmp_path / "git")
    revision = first.resolve(source)
    first.fetch(source, revision)
    _damage(next((tmp_path / "git").glob("*.git")), "object")

    assert Repositories(tmp_path / "git").fetch(source, revision).files


def test_a_repository_that_is_damaged_itself_is_reported(
    repositories: Repositories, upstream: Path, git: Git
) -> None:
    revision = git(upstream, "rev-parse", "HEAD")
    blob = git(upstream, "rev-parse", "HEAD:agents/a.yaml")
    broken = upstream / ".git" / "objects" / blob[:2] / blob[2:]
    broken.chmod(0o600)
    broken.write_bytes(b"")

    with pytest.raises(TransientError) as caught:
        repositories.fetch(of(upstream), revision)

    assert str(upstream) in str(caught.value)


def test_leftovers_of_a_killed_fetch_are_swept(tmp_path: Path, upstream: Path, commit: Git) -> None:
    source = of(upstream)
    first = Repositories(tmp_path / "git")
    first.fetch(source, first.resolve(source))
    mirror = next((tmp_path / "git").glob("*.git"))
    (mirror / "objects" / "pack").mkdir(exist_ok=True)
    left = mirror / "objects" / "pack" / "tmp_pack_x1"
    left.write_bytes(b"PACK")
    commit(upstream, {"agents/a.yaml": "a: 2\n"})
    second = Repositories(tmp_path / "git")

    second.fetch(source, second.resolve(source))

    assert not left.exists()


def test_extra_paths_come_with_the_snapshot(
    repositories: Repositories, url: str, upstream: Path, commit: Git
) -> None:
    revision = commit(
        upstream,
        {"templates/agent.yaml.j2": "x\n", "templates/sub/y": "y\n", "other/z.yaml": "z\n"},
    )

    snapshot = repositories.fetch(of(url), revision, extra_paths=("templates/",))

    assert set(snapshot.files) == {"agents/a.yaml", "templates/agent.yaml.j2", "templates/sub/y"}


def test_changed_files_between_two_commits(
    repositories: Repositories, url: str, upstream: Path, git: Git, commit: Git
) -> None:
    before = git(upstream, "rev-parse", "HEAD")
    after = commit(upstream, {"agents/a.yaml": None, "agents/b.yaml": "b\n", "README.md": "New.\n"})

    changed = repositories.changed_files(of(url), before, after)

    assert changed == ("README.md", "agents/a.yaml", "agents/b.yaml")


@pytest.mark.parametrize("commits", [3, 60], ids=["near", "far"])
def test_the_last_change_of_a_file_is_found_beyond_the_shallow_commit(
    repositories: Repositories, server: Any, upstream: Path, git: Git, commit: Git, *, commits: int
) -> None:
    source = of(remote(server))
    wanted = commit(upstream, {"agents/a.yaml": "a: 2\n"}, "Change a")
    tree = git(upstream, "rev-parse", "HEAD^{tree}")
    revision = wanted
    for _ in range(commits):
        revision = git(upstream, "commit-tree", "-p", revision, "-m", "Nothing", tree)
    git(upstream, "update-ref", "refs/heads/main", revision)
    repositories.fetch(source, revision)

    found = repositories.last_change(source, revision, "agents/a.yaml")

    assert found is not None
    assert (found.revision, found.message) == (wanted, "Change a")


def test_the_last_change_of_lines_is_found_where_old_contents_were_left_out(
    repositories: Repositories, server: Any, upstream: Path, commit: Git
) -> None:
    source = of(remote(server))
    commit(upstream, {"agents/b.yaml": "one: 1\n---\ntwo: 2\n"})
    wanted = commit(upstream, {"agents/b.yaml": "one: 1\n---\ntwo: 3\n"}, "Change two")
    revision = commit(upstream, {"agents/b.yaml": "one: 2\n---\ntwo: 3\n"}, "Change one")
    repositories.fetch(source, revision)

    found = repositories.last_change(source, revision, "agents/b.yaml", lines=Lines(3, 3))

    assert found is not None
    assert (found.revision, found.message) == (wanted, "Change two")


def test_a_file_that_never_was_has_no_last_change(
    repositories: Repositories, url: str, upstream: Path, git: Git
) -> None:
    revision = git(upstream, "rev-parse", "HEAD")

    assert repositories.last_change(of(url), revision, "agents/none.yaml") is None


def test_mirrors_are_for_their_owner_only(tmp_path: Path, upstream: Path) -> None:
    Repositories(tmp_path / "git").resolve(of(upstream))

    assert (tmp_path / "git").stat().st_mode & 0o777 == 0o700


def test_a_hook_environment_does_not_leak_into_git(
    repositories: Repositories,
    upstream: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """As when Roster is started by a hook of another repository."""
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "objects"))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'core.bare=nonsense'")

    assert repositories.fetch(of(upstream), repositories.resolve(of(upstream))).files


def test_https_trusts_the_given_authority_only(
    tmp_path: Path, encrypted: tuple[Any, Path], upstream: Path, git: Git
) -> None:
    server, authority = encrypted
    source = of(remote(server))
    trusting = Repositories(tmp_path / "git", credentials=Credentials(ca_file=authority))

    with pytest.raises(PermanentError, match=r"certificate is not trusted.*ROSTER_GIT_CA_FILE"):
        Repositories(tmp_path / "git").resolve(source)
    assert trusting.fetch(source, trusting.resolve(source)).files
    assert trusting.resolve(source) == git(upstream, "rev-parse", "HEAD")


def test_https_is_not_redirected_to_http(
    tmp_path: Path, encrypted: tuple[Any, Path], server: Any
) -> None:
    secure, authority = encrypted
    secure.redirect = server.url
    repositories = Repositories(tmp_path / "git", credentials=Credentials(ca_file=authority))

    with pytest.raises(RosterError):
        repositories.resolve(of(remote(secure)))

    assert server.requests == []


def test_http_may_be_redirected_to_https(
    tmp_path: Path, encrypted: tuple[Any, Path], server: Any, upstream: Path, git: Git
) -> None:
    secure, authority = encrypted
    server.redirect = secure.url
    credentials = {server.url: Credentials(ca_file=authority)}
    repositories = Repositories(tmp_path / "git", credentials=credentials)

    assert repositories.resolve(of(remote(server))) == git(upstream, "rev-parse", "HEAD")


def test_contents_that_are_gone_from_the_server_are_transient(
    repositories: Repositories, server: Any, upstream: Path, git: Git, commit: Git
) -> None:
    """The commit is known from another path, and a force-push took the rest away."""
    revision = commit(upstream, {"tools/t.yaml": "t: 1\n"})
    source = of(remote(server), "main")
    repositories.fetch(source, revision)
    git(upstream, "reset", "-q", "--hard", "HEAD~1")
    git(upstream, "reflog", "expire", "--expire=now", "--all")
    git(upstream, "gc", "-q", "--prune=now")

    with pytest.raises(TransientError, match="Somebody pushed by force"):
        repositories.fetch(of(remote(server), "main", "tools"), revision)


def test_history_that_a_server_does_not_give_is_an_error_of_ours(
    repositories: Repositories, server: Any, upstream: Path, git: Git, commit: Git
) -> None:
    revision = commit(upstream, {"agents/a.yaml": "a: 2\n"})
    source = of(remote(server))
    repositories.fetch(source, revision)
    server.status = 500

    with pytest.raises(TransientError, match="500"):
        repositories.last_change(source, revision, "agents/none.yaml")
    assert git(upstream, "rev-parse", "HEAD") == revision


@pytest.mark.parametrize("blocked", ["m.lock", "mirror"])
def test_a_folder_that_cannot_be_written_is_an_error_of_ours(
    tmp_path: Path, upstream: Path, blocked: str
) -> None:
    """Blocked by a folder or file in the way, which stops root too."""
    repositories = Repositories(tmp_path / "git")
    source = of(upstream)
    revision = repositories.resolve(source)
    repositories.fetch(source, revision)
    mirror = next((tmp_path / "git").glob("*.git"))
    shutil.rmtree(mirror)
    if blocked == "mirror":
        mirror.write_text("in the way")
    else:
        lock = mirror.with_name(f"{mirror.name}.lock")
        lock.unlink()
        lock.mkdir()

    with pytest.raises(TransientError, match=r"cannot be (made|used)"):
        Repositories(tmp_path / "git").fetch(source, revision)


def test_threads_fetch_from_one_repository_side_by_side(
    repositories: Repositories, server: Any, upstream: Path, commit: Git
) -> None:
    revisions = [
        commit(upstream, {f"{folder}/x.yaml": f"n: {number}\n" for folder in ("agents", "tools")})
        for number in range(3)
    ]
    jobs = [(path, number) for number in range(3) for path in ("agents", "tools")] * 2

    def read(job: tuple[str, int]) -> bytes:
        path, number = job
        snapshot = repositories.fetch(of(remote(server), path=path), revisions[number])
        return snapshot.files[f"{path}/x.yaml"]

    with ThreadPoolExecutor(6) as pool:
        contents = list(pool.map(read, jobs))

    assert contents == [f"n: {number}\n".encode() for _, number in jobs]


FETCH = """
import sys
from pathlib import Path
from controller.source.repository import Repositories
from controller.source.snapshot import Lines, Source
Repositories(Path(sys.argv[1])).fetch(Source(repo_url=sys.argv[2], path="agents"), sys.argv[3])
"""


def test_a_controller_killed_during_a_fetch_leaves_a_mirror_that_works(
    tmp_path: Path, server: Any, upstream: Path, commit: Git
) -> None:
    """Its git lives on for a moment, in the same mirror."""
    source = of(remote(server))
    first = Repositories(tmp_path / "git")
    first.fetch(source, first.resolve(source))
    revision = commit(upstream, {"agents/b.yaml": "b: 1\n"})
    server.posted.clear()
    server.hold = threading.Event()
    arguments = [str(tmp_path / "git"), source.repo_url, revision]
    with subprocess.Popen([sys.executable, "-c", FETCH, *arguments]) as controller:
        assert server.posted.wait(60)
        controller.kill()
    server.hold.set()

    assert set(Repositories(tmp_path / "git").fetch(source, revision).files) == {
        "agents/a.yaml",
        "agents/b.yaml",
    }
