from controller.objects import ObjectKey
from controller.reconcile import desired
from controller.render.options import RenderOptions

OPTIONS = RenderOptions(application="a", namespace="agents")
PROMPTS = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: style}\ndata: {a: b}\n"


def test_files_become_manifests() -> None:
    wanted = desired.of_files({"agents/style.yaml": PROMPTS}, OPTIONS)

    ((key, found),) = wanted.objects().items()

    assert key == ObjectKey("", "ConfigMap", "agents", "style")
    assert found["metadata"]["annotations"]["roster.dev/source"] == "agents/style.yaml"
    assert wanted.findings == ()


def test_a_source_without_definitions_is_empty() -> None:
    assert desired.of_files({}, OPTIONS).is_empty
    assert not desired.of_files({"a.yaml": PROMPTS}, OPTIONS).is_empty


def test_a_file_that_cannot_be_read_is_named() -> None:
    wanted = desired.of_files({"a.yaml": b"kind: [unfinished\n", "b.yaml": PROMPTS}, OPTIONS)

    assert wanted.unreadable_files == {"a.yaml"}


def test_a_definition_that_breaks_off_leaves_its_file_in_doubt() -> None:
    """The parser guesses whose text it is; that must not make it look like a known definition."""
    broken = PROMPTS + b"a: [b\n  c: }\n"

    wanted = desired.of_files({"a.yaml": broken}, OPTIONS)

    assert wanted.unreadable_files == {"a.yaml"}


def test_templates_of_the_repository_are_no_definitions() -> None:
    files = {"agents/style.yaml": PROMPTS, "templates/service.yaml.j2": b"{{ broken"}

    wanted = desired.of_files(files, OPTIONS, templates="templates")

    assert [str(item) for item in wanted.catalog.definitions] == ["ConfigMap agents/style"]
