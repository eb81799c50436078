"""Manifest templates: found, compiled, run, and their text read back as objects.

One file makes objects of one kind. `templates/` at the top of the project holds those that come
with Roster; an application's repository may replace each by a file of the same name and may add
more. Files whose name begins with `mcpserver-` are run for every MCPServer, files whose name begins
with `_` only where another template includes them, and all others for every Agent.
"""

import bisect
import functools
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import yaml

from controller.render import sandbox

SUFFIX = ".yaml.j2"
_MCP_SERVER = "mcpserver-"
_PLACES = (Path(__file__).parents[1] / "_templates", Path(__file__).parents[2] / "templates")
"""In an installed wheel, and in the repository."""


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
    )


def objects(templates: Templates, name: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Run one template and give the objects that it printed.

    Raises:
        TemplateError: it cannot be compiled or run, or what it prints is no object of one kind.
    """
    text, lines = _run(templates, name, values)
    try:
        documents = [item for item in yaml.load_all(text, yaml.CSafeLoader) if item is not None]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = lines.template_line(mark.line if mark else 0)
        raise TemplateError(name, line, f"what it prints is not YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise TemplateError(name, 1, f"what it prints is not YAML: {error}") from error
    for document in documents:
        _check_object(name, document)
    if len({(item["apiVersion"], item["kind"]) for item in documents}) > 1:
        raise TemplateError(name, 1, "it prints objects of several kinds; one kind a file")
    return documents


@dataclass(frozen=True, slots=True)
class _Lines:
    """Which line of the template printed which line of the text."""

    printed: Sequence[int]
    template: Sequence[int]

    def template_line(self, printed_line: int) -> int:
        at = bisect.bisect_right(self.printed, printed_line) - 1
        return self.template[at] + printed_line - self.printed[at] if at >= 0 else 1


def _run(templates: Templates, name: str, values: Mapping[str, Any]) -> tuple[str, _Lines]:
    parts: list[str] = []
    printed: list[int] = []
    origin: list[int] = []
    line = size = 0
    sandbox.start()
    for part, template_line in _parts(templates.environment, name, values):
        parts.append(part)
        printed.append(line)
        origin.append(template_line)
        line += part.count("\n")
        size += len(part)
        if size > sandbox.MAX_TEXT:
            message = f"it prints more than {sandbox.MAX_TEXT:,} characters"
            raise TemplateError(name, template_line, message)
    return "".join(parts), _Lines(printed, origin)


def _parts(
    environment: sandbox.Environment, name: str, values: Mapping[str, Any]
) -> Iterator[tuple[str, int]]:
    # The root function is run directly, and not by `Template.generate`, because its frame tells
    # which line of the template each part of the text came from.
    try:
        template = environment.get_template(name)
        run: Any = template.root_render_func(template.new_context(dict(values)))
        for part in run:
            yield part, template.get_corresponding_lineno(run.gi_frame.f_lineno)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(error.name or name, error.lineno, error.message or "") from error
    except RecursionError as error:
        raise TemplateError(name, 1, "its macros or includes call each other forever") from error
    except Exception as error:
        # Templates are programs of others: whatever they raise is theirs, and becomes a finding.
        file, line = _place(environment, name, error)
        raise TemplateError(file, line, str(error) or type(error).__name__) from error


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
