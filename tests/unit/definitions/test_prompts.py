import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.definitions import prompts
from controller.definitions.prompts import PromptError

VARIABLES: prompts.Variables = {
    "AgentName": "helper",
    "AgentNamespace": "team",
    "Description": "",
    "ToolNames": ["search", "fetch"],
    "SkillNames": [],
}


def include(alias: str, key: str) -> str:
    if alias != "prompts":
        raise KeyError(f"no data source has the alias {alias!r}")
    return f"<{key} {{{{.AgentName}}}}>"


def expand(text: str) -> str:
    return prompts.expand(text, include, VARIABLES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Plain text.", "Plain text."),
        ("", ""),
        ("} and { and }}", "} and { and }}"),
        ("You are {{.AgentName}} in {{ .AgentNamespace }}.", "You are helper in team."),
        ('{{include "prompts/rules"}}', "<rules {{.AgentName}}>"),
        ("{{include `prompts/a/b`}}", "<a/b {{.AgentName}}>"),
        ("{{.ToolNames}}", "[search fetch]"),
        ("{{len .ToolNames}} {{len .AgentName}}", "2 6"),
        ("{{range .ToolNames}}- {{.}}\n{{end}}", "- search\n- fetch\n"),
        ("{{range .SkillNames}}{{.}}{{else}}none{{end}}", "none"),
        ("{{range .ToolNames}}{{$.AgentName}}/{{.}} {{end}}", "helper/search helper/fetch "),
        ("{{if .SkillNames}}skills{{else}}none{{end}}", "none"),
        ("{{if .ToolNames}}tools{{end}}{{if .Description}}!{{end}}", "tools"),
        ("a {{- .AgentName -}} \n b", "ahelperb"),
        ("a{{/* a }} comment */}}b", "ab"),
        ("a {{- /* trimmed */ -}} b", "ab"),
        ('{{`{{`}} and {{"}}"}}', "{{ and }}"),
        ("{{\n.AgentName\n}}", "helper"),
    ],
    ids=repr,
)
def test_templates_expand_as_in_go(text: str, expected: str) -> None:
    assert expand(text) == expected


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a\n{{.Unknown}}", 1, r"no variable \.Unknown"),
        ("a\n\n{{ .AgentName", 2, "not closed"),
        ("{{/* a", 0, "not closed"),
        ("{{printf}}", 0, "not supported"),
        ("{{with .AgentName}}{{end}}", 0, "not supported"),
        ("{{.AgentName | upper}}", 0, "not supported"),
        ('{{include "prompts"}}', 0, "alias/key"),
        ('{{include "a\\qb/c"}}', 0, "escape"),
        ('a\nb {{include "other/key"}}', 1, "no data source has the alias"),
        ("a\n{{if .AgentName}}b", 1, "not closed"),
        ("{{if .AgentName}}a{{else}}b{{else}}c{{end}}", 0, "not closed"),
        ("a{{end}}", 0, "without"),
        ("a\n{{else}}", 1, "without"),
        ("{{.}}", 0, "range"),
        ("{{range .ToolNames}}{{.AgentName}}{{end}}", 0, r"\$\.AgentName"),
        ("{{range .AgentName}}{{end}}", 0, "needs a list"),
        ("{{if .AgentName}}" * 60, 0, "nested deeper"),
    ],
    ids=repr,
)
def test_a_wrong_template_names_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(PromptError, match=message) as caught:
        expand(text)

    assert caught.value.line == line


def test_includes_are_found_wherever_they_stand() -> None:
    text = '{{include "a/1"}}\n{{if .AgentName}}{{include "b/2"}}{{else}}\n{{include "c/3"}}{{end}}'

    found = [(item.alias, item.key, item.line) for item in prompts.includes(text)]

    assert found == [("a", "1", 0), ("b", "2", 1), ("c", "3", 2)]


def test_ranges_in_ranges_are_stopped_before_they_explode() -> None:
    nested = "{{range $.ToolNames}}" * 9 + "{{end}}" * 9
    tools = [f"tool-{number}" for number in range(50)]

    with pytest.raises(PromptError, match="more than"):
        prompts.expand(nested, include, {**VARIABLES, "ToolNames": tools})


ACTIONS = st.sampled_from(
    ["{{", "}}", "-", " ", "\n", "/*", "*/", '"', "`", "include ", '"a/b"', "if ", "range ", "len "]
)
NAMES = st.sampled_from(["{{end}}", "{{else}}", ".", "$.", "ToolNames", "AgentName", "x", "\\"])


@given(st.lists(ACTIONS | NAMES, max_size=25).map("".join))
def test_any_template_expands_or_says_what_is_wrong(text: str) -> None:
    lines = range(text.count("\n") + 1)
    try:
        prompts.expand(text, lambda _alias, _key: "", VARIABLES)
    except PromptError as error:
        is_inside = error.line in lines
    else:
        is_inside = True

    assert is_inside
