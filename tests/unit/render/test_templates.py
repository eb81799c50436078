"""Templates of an application's own: what they may replace, and how their errors read."""

import pytest

from controller.render import templates
from controller.render.templates import TemplateError

NAMES = {"agent": {"name": "a", "namespace": "n"}}


def objects(text: str, name: str = "own.yaml.j2", **others: str) -> list[dict]:
    loaded = templates.load({name: text, **others})
    return templates.objects(loaded, name, NAMES)


def failure(text: str, **others: str) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        objects(text, **others)
    return caught.value


def test_a_template_prints_any_number_of_objects() -> None:
    one = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ agent.name ~ '-x' }} }\n"

    assert objects("") == []
    assert [item["metadata"]["name"] for item in objects(f"{one}---\n---\n{one}")] == ["a-x"] * 2


def test_files_are_chosen_by_their_names() -> None:
    loaded = templates.load({"networkpolicy.yaml.j2": "", "_part.yaml.j2": "", "note.txt": ""})

    assert "networkpolicy.yaml.j2" in loaded.agent
    assert "deployment.yaml.j2" in loaded.agent
    assert all(name.startswith("mcpserver-") for name in loaded.mcp_server)
    assert not any(name.startswith("_") for name in (*loaded.agent, *loaded.mcp_server))


def test_every_builtin_template_says_what_it_is_for() -> None:
    assert templates.builtin()
    for name, text in templates.builtin().items():
        assert text.startswith("{# "), name


def test_the_digest_changes_with_any_file() -> None:
    assert templates.load().digest != templates.load({"x.yaml.j2": ""}).digest
    assert templates.load({"x.yaml.j2": "a"}).digest != templates.load({"x.yaml.j2": "b"}).digest


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\n{% for x in %}\n", 2, "Expected an expression"),
        ("a: 1\nb: 2\nc: {{ nope.x }}\n", 3, "'nope' is undefined"),
        ("{# note #}\na: {{ agent.missing }}\n", 2, "no attribute 'missing'"),
        ("a: 1\nb: {{ 1 / 0 }}\n", 2, "division by zero"),
        ("a: 1\nb: {{ agent.name|nofilter }}\n", 2, "No filter named 'nofilter'"),
        ("a: 1\n{% include 'nothing' %}\n", 2, "there is no template nothing"),
        ("a: 1\nb: [1, 2\nc: 3\n", 3, "not YAML"),
        ("a: 1\n{% if true %}\nb: {{ agent.name }}\n  c: d\n{% endif %}\n", 4, "not YAML"),
        ("- 1\n", 1, "prints list and not an object"),
        ("kind: A\n", 1, "without apiVersion, kind or name"),
        ("{{ [1] * 10 ** 9 }}", 1, "the limit is"),
        (
            "a: 1\n{% for i in range(99999) %}\n- {{ 'x' * 99 }}\n{% endfor %}",
            3,
            "prints more than",
        ),
        ("{% include 'own.yaml.j2' %}", 1, "forever"),
        ("&a [*a, *a]", 1, "aliases"),
        ("[" * 101 + "]" * 101, 1, "deeper than 100"),
        ("[" * 900_000, 1, "deeper than 100"),
        ("a: {{ agent }}: {{ agent }}", 1, "not YAML"),
    ],
)
def test_an_error_names_file_and_line(text: str, line: int, message: str) -> None:
    error = failure(text)

    assert message in error.message
    assert (error.file, error.line) == ("templates/own.yaml.j2", line)


def test_an_error_in_an_included_file_names_that_file() -> None:
    error = failure("{% include '_p.yaml.j2' %}", **{"_p.yaml.j2": "a: 1\nb: {{ nope }}\n"})

    assert (error.file, error.line) == ("templates/_p.yaml.j2", 2)


def test_one_file_makes_objects_of_one_kind() -> None:
    one = "---\napiVersion: v1\nmetadata: {name: x}\nkind: "

    assert "several kinds" in failure(f"{one}A\n{one}B\n").message
