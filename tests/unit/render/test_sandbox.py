"""What a template from a repository cannot do."""

import jinja2
import pytest
from jinja2.exceptions import SecurityError

from controller.render import sandbox

VALUES = {"name": 'a"b', "items": ["x", "y"], "big": "x" * 100_000}


def run(text: str, **others: str) -> str:
    environment = sandbox.Environment({"t.yaml.j2": text, **others})
    sandbox.start()
    return environment.get_template("t.yaml.j2").render(VALUES)


def test_values_are_printed_as_json() -> None:
    assert run("a: {{ name }}\nb: {{ items }}") == 'a: "a\\"b"\nb: ["x", "y"]'


def test_text_can_be_joined_and_filtered() -> None:
    assert run('{{ name ~ "-" ~ items|join("+") ~ 1 }}') == '"a\\"b-x+y1"'
    assert run('{{ name|replace("a", "c")|upper }}') == '"C\\"B"'
    assert run("{{ name|b64encode }}") == '"YSJi"'


def test_a_macro_gives_a_value_and_an_include_gives_structure() -> None:
    assert run("{% macro m() %}a: 1{% endmacro %}b: {{ m() }}") == 'b: "a: 1"'
    assert run("{% include '_part' %}", _part="a: {{ name }}") == 'a: "a\\"b"'


def test_an_undefined_value_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="'missing' is undefined"):
        run("{{ missing }}")


@pytest.mark.parametrize(
    "text",
    [
        "{{ ().__class__.__base__.__subclasses__() }}",
        "{{ ''.__class__ }}",
        "{{ name.format(1) }}",
        "{{ '{0.__class__}'.format(1) }}",
        "{{ items.append(1) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ name.center(1000000000) }}",
        "{{ name.replace('a', name) }}",
        "{{ self._TemplateReference__context }}",
        "{{ namespace.__init__.__globals__ }}",
    ],
)
def test_access_is_refused(text: str) -> None:
    with pytest.raises((SecurityError, jinja2.UndefinedError)):
        run(text)


@pytest.mark.parametrize(
    "text",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% set n = namespace(t='x') %}{% for i in items*20 %}{% set n.t = n.t~n.t %}{% endfor %}",
        "{% set n = namespace(t=[1]) %}{% for i in items*20 %}{% set n.t = n.t+n.t %}{% endfor %}",
        "{% set n = namespace(t=9) %}{% for i in items*20 %}{% set n.t = n.t * n.t %}{% endfor %}",
        "{{ 'x' * 10 ** 9 }}",
        "{{ [1] * 10 ** 9 }}",
        "{{ 9 ** 99999 }}",
        "{{ big|replace('x', big) }}",
        "{{ range(20000)|join(big) }}",
        "{{ ([big] * 1000)|string }}",
        "{{ [big] * 1000 }}",
    ],
)
def test_growth_is_stopped(text: str) -> None:
    with pytest.raises(sandbox.LimitError):
        run(text)


def test_calling_each_other_is_stopped() -> None:
    with pytest.raises((RecursionError, sandbox.LimitError)):
        run(
            "{% macro m(n) %}{% if n %}{{ m(n-1) }}{{ m(n-1) }}{% endif %}{% endmacro %}{{ m(60) }}"
        )
    with pytest.raises((RecursionError, sandbox.LimitError)):
        run("{% include 't.yaml.j2' %}{% include 't.yaml.j2' %}")


@pytest.mark.parametrize("name", ["format", "center", "indent", "safe", "xmlattr", "wordwrap"])
def test_filters_without_a_bound_are_not_there(name: str) -> None:
    with pytest.raises(jinja2.TemplateAssertionError, match="No filter named"):
        run("{{ name|" + name + " }}")
