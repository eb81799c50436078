import pytest

from controller.definitions import identity
from controller.definitions.findings import DefinitionId
from controller.definitions.view import View


def document(**changes: object) -> View:
    return View({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, **changes})


def test_the_namespace_is_the_default_where_none_is_written() -> None:
    assert identity.of(document(), "team") == DefinitionId("ConfigMap", "team", "a", "")


def test_the_written_namespace_counts() -> None:
    written = document(metadata={"name": "a", "namespace": "b"})

    assert identity.of(written, "team") == DefinitionId("ConfigMap", "b", "a", "")


def test_kinds_of_cluster_scope_have_no_namespace() -> None:
    found = identity.of(document(kind="Namespace", metadata={"name": "a", "namespace": "b"}), "c")

    assert found == DefinitionId("Namespace", "", "a", "")


@pytest.mark.parametrize(
    "changes",
    [
        {"apiVersion": None},
        {"kind": 3},
        {"metadata": None},
        {"metadata": []},
        {"metadata": {}},
        {"metadata": {"name": 5}},
    ],
    ids=str,
)
def test_a_document_that_does_not_say_which_object_it_is_has_no_id(
    changes: dict[str, object],
) -> None:
    incomplete = document(**changes)

    assert identity.of(incomplete, "team") is None
    assert list(identity.check(incomplete))


AGENT_A = DefinitionId("Agent", "team", "a")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("apiVersion: kagent.dev/v1\nkind: Agent\nmetadata:\n  name: a\nspec: [", AGENT_A),
        ("apiVersion: kagent.dev/v1\nkind: Agent\nmetadata: {name: a}\nspec: [", AGENT_A),
        ("apiVersion: 'kagent.dev/v1'\nkind: \"Agent\"\nmetadata:\n  name: 'a'\nx: [", AGENT_A),
        (
            (
                "apiVersion: kagent.dev/v1\nkind: Agent\nmetadata:\n"
                "  labels:\n    name: other\n  name: a\nspec: ["
            ),
            AGENT_A,
        ),
        (
            (
                "apiVersion: kagent.dev/v1\nkind: Agent\n"
                "metadata: # here\n\n  namespace: b\n  name: a\nspec: ["
            ),
            DefinitionId("Agent", "b", "a"),
        ),
        ("kind: Agent\nmetadata:\n  name: a\n[", None),
        ("apiVersion: v1\nkind: Agent\nmetadata:\nname: a\n[", None),
        ("", None),
    ],
    ids=["block", "flow", "quoted", "label named name", "namespace", "no version", "empty", "none"],
)
def test_the_id_of_broken_text_is_guessed(text: str, expected: DefinitionId | None) -> None:
    assert identity.guess(text, "team") == expected


def test_only_a_hook_may_go_without_a_name_of_its_own() -> None:
    metadata = {"generateName": "migrate-", "annotations": {"argocd.argoproj.io/hook": "PreSync"}}
    hook = View({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata})
    other = View({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "a-"}})

    assert str(identity.of(hook, "ns")) == "Job.batch ns/migrate-"
    assert list(identity.check(hook)) == []
    assert identity.of(other, "ns") is None
    assert [found.rule for found in identity.check(other)] == ["generate-name"]
