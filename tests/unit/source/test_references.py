import pytest

from controller.errors import PermanentError
from controller.source import references
from controller.source.references import References

A, B, C, D = (letter * 40 for letter in "abcd")
LISTING = f"""\
ref: refs/heads/main\tHEAD
{A}\tHEAD
{A}\trefs/heads/main
{B}\trefs/heads/release/1.0
{B}\trefs/heads/v1
{C}\trefs/tags/v1
{D}\trefs/tags/v1^{{}}
{C}\trefs/pull/7/head
""".encode()


def test_a_listing_is_read_with_tags_peeled() -> None:
    listed = references.parse(LISTING)

    assert listed.default_branch == "refs/heads/main"
    assert listed.commits["refs/tags/v1"] == D


@pytest.mark.parametrize(
    ("revision", "commit"),
    [
        ("HEAD", A),
        ("main", A),
        ("release/1.0", B),
        ("v1", D),
        ("heads/v1", B),
        ("refs/heads/v1", B),
        ("refs/pull/7/head", C),
        ("pull/7/head", C),
    ],
)
def test_names_resolve_in_the_order_of_git(revision: str, commit: str) -> None:
    assert references.resolve(references.parse(LISTING), revision, url="u") == commit


@pytest.mark.parametrize(
    ("revision", "says"),
    [
        ("mian", "There are: main"),
        ("abcdef1", "by its full id"),
        ("nothing-like-it", "There are: main, release/1.0, v1, v1"),
    ],
)
def test_an_unknown_name_is_refused_with_help(revision: str, says: str) -> None:
    with pytest.raises(PermanentError) as caught:
        references.resolve(references.parse(LISTING), revision, url="u")

    assert says in caught.value.remedy


def test_a_head_without_its_branch_names_the_branch() -> None:
    listed = References(commits={"refs/heads/x": A}, default_branch="refs/heads/gone")

    with pytest.raises(PermanentError, match="'refs/heads/gone' is gone"):
        references.resolve(listed, "HEAD", url="u")


@pytest.mark.parametrize(
    "revision",
    [
        "",
        "-x",
        "--upload-pack=x",
        "main~1",
        "main^",
        "a..b",
        "a b",
        "x:y",
        "@{u}",
        "a\n",
        "/a",
        "a/",
        "a//b",
        "x.lock",
        ".x",
        "a/.b",
        "*",
        "a?",
        "[a]",
        "a\\b",
    ],
)
def test_what_is_no_name_is_refused(revision: str) -> None:
    with pytest.raises(PermanentError, match="is not a revision"):
        references.check(revision)


@pytest.mark.parametrize("revision", ["HEAD", "main", "feature/x-1.2_y", "v1.0.0", "ünïcode", A])
def test_names_pass(revision: str) -> None:
    references.check(revision)


@pytest.mark.parametrize(
    ("revision", "commit"),
    [(A, A), (A.upper(), A), ("e" * 64, "e" * 64), ("abc1234", None), ("main", None)],
)
def test_only_full_ids_are_commits(revision: str, commit: str | None) -> None:
    assert references.commit_id(revision) == commit
