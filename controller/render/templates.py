"""Manifest templates: found, compiled, run, and their text read back as objects.

One file makes objects of one kind. `templates/` at the top of the project holds those that come
with Roster; an application's repository may replace each by a file of the same name and may add
more. Files whose name begins with `mcpserver-` are run for every MCPServer, files whose name begins
with `_` only where another template includes them, and all others for every Agent.
"""

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from controller.render import printed, sandbox

SUFFIX = ".yaml.j2"
_MCP_SERVER = "mcpserver-"
_PLACES = (Path(__file__).parents[1] / "_templates", Path(__file__).parents[2] / "templates")
"""In an installed wheel, and in the repository."""


_WHAT_TEMPLATES_RAISE = (
    jinja2.TemplateError,
    sandbox.LimitError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


class TemplateError(Exception):
    """A manifest template that failed: where, and why."""

    def __init__(self, name: str, line: int, message: str) -> None:
        super().__init__(message)
        self.file = f"templates/{name}"
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """A compiled set of manifest templates."""

    environment: sandbox.Environment
    agent: tuple[str, ...]
    """Names of the files run for every Agent, in order."""
    mcp_server: tuple[str, ...]
    digest: str
    """Hash of every file of the set."""
    is_builtin: bool
    """Whether all of them came with Roster."""


@functools.cache
def builtin() -> Mapping[str, str]:
    """Read the templates that come with Roster, by file name."""
    folder = next(place for place in _PLACES if place.is_dir())
    return {path.name: path.read_text("utf-8") for path in sorted(folder.glob(f"*{SUFFIX}"))}


def load(overrides: Mapping[str, str] | None = None) -> Templates:
    """Compile the built-in templates with an application's own over them."""
    return _load(tuple(sorted((overrides or {}).items())))


@functools.lru_cache(maxsize=16)
def _load(overrides: tuple[tuple[str, str], ...]) -> Templates:
    sources = {**builtin(), **dict(overrides)}
    files = sorted(name for name in sources if name.endswith(SUFFIX) and not name.startswith("_"))
    text = "\0".join(part for item in sorted(sources.items()) for part in item)
    return Templates(
        environment=sandbox.Environment(sources),
        agent=tuple(name for name in files if not name.startswith(_MCP_SERVER)),
        mcp_server=tuple(name for name in files if name.startswith(_MCP_SERVER)),
        digest=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        is_builtin=not overrides,
    )


def objects(templates: Templates, name: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Run one template and give the objects that it printed.

    Raises:
        TemplateError: it cannot be compiled or run, or what it prints is no object of one kind.
    """
    text, origin = _run(templates.environment, name, values)
    try:
        documents = printed.read(text, is_trusted=templates.is_builtin)
    except printed.PrintedError as error:
        message = f"what it prints is not YAML: {error}"
        raise TemplateError(name, origin.line(error.line), message) from error
    for document in documents:
        _check_object(name, document)
    if len({(item["apiVersion"], item["kind"]) for item in documents}) > 1:
        raise TemplateError(name, 1, "it prints objects of several kinds; one kind a file")
    return documents


@dataclass(frozen=True, slots=True)
class _Origin:
    """Which line of the template printed which line of the text."""

    parts: Sequence[tuple[str, int]]
    """Each piece of text with the line of the compiled template that yielded it."""
    template: jinja2.Template

    def line(self, printed_line: int) -> int:
        """Give the line of the template for a line of the text, from 0."""
        first = 0
        for text, compiled_line in self.parts:
            after = first + text.count("\n")
            if printed_line <= after:
                start = self.template.get_corresponding_lineno(compiled_line)
                return start + printed_line - first
            first = after
        return 1


def _run(
    environment: sandbox.Environment, name: str, values: Mapping[str, Any]
) -> tuple[str, _Origin]:
    # The root function is run directly, and not by `Template.render`, because its frame tells which
    # line each part of the text came from, and so that too much text ends it early.
    sandbox.start()
    parts: list[tuple[str, int]] = []
    size = 0
    try:
        template = environment.get_template(name)
        run: Any = template.root_render_func(template.new_context(dict(values)))
        for part in run:
            parts.append((part, run.gi_frame.f_lineno))
            size += len(part)
            if size > sandbox.MAX_TEXT:
                line = template.get_corresponding_lineno(run.gi_frame.f_lineno)
                message = f"it prints more than {sandbox.MAX_TEXT:,} characters"
                raise TemplateError(name, line, message)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(error.name or name, error.lineno, error.message or "") from error
    except RecursionError as error:
        raise TemplateError(name, 1, "its macros or includes call each other forever") from error
    except _WHAT_TEMPLATES_RAISE as error:
        file, line = _place(environment, name, error)
        raise TemplateError(file, line, _message(error)) from error
    return "".join(part for part, _ in parts), _Origin(parts, template)


def _message(error: Exception) -> str:
    if isinstance(error, jinja2.TemplateNotFound):
        return f"there is no template {error}"
    return str(error) or type(error).__name__


def _place(environment: sandbox.Environment, name: str, error: BaseException) -> tuple[str, int]:
    place = (name, 1)
    trace = error.__traceback__
    while trace:
        file = trace.tb_frame.f_code.co_filename
        if file.endswith(SUFFIX) and not Path(file).is_absolute():
            template = environment.get_template(file)
            place = (file, template.get_corresponding_lineno(trace.tb_lineno))
        trace = trace.tb_next
    return place


def _check_object(name: str, document: Any) -> None:
    if not isinstance(document, dict):
        raise TemplateError(name, 1, f"it prints {type(document).__name__} and not an object")
    metadata = document.get("metadata")
    named = isinstance(metadata, dict) and isinstance(metadata.get("name"), str)
    if not (named and all(isinstance(document.get(key), str) for key in ("apiVersion", "kind"))):
        raise TemplateError(name, 1, "it prints an object without apiVersion, kind or name")
