"""The Jinja environment of manifest templates: no access, no growth, no endless loops.

Templates may come from the agents repository, so from anybody who may open a pull request. Jinja's
immutable sandbox keeps them from Python's internals and from changing what they are given, but not
from using up time and memory; here every loop round, call and include is paid from a budget, and
whatever makes text longer is bounded.
"""

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, StrictUndefined, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from controller.render import encode

MAX_STEPS = 100_000
"""Loop rounds, calls and includes of one template."""
MAX_TEXT = 1_048_576
"""Characters of one text, and of everything that one template prints. etcd takes no more."""
_MAX_ITEMS = 10_000
_MAX_BITS = 4_096

_FILTERS = (
    "abs batch capitalize count d default dictsort first float groupby int items last length list"
    " lower map max min reject rejectattr reverse round select selectattr slice sort sum title trim"
    " unique upper"
)
"""Jinja's filters that neither give marked-up text nor make text longer without a bound."""
_TEXT_METHODS = (
    "count endswith find isalnum isalpha isdecimal isdigit islower isnumeric isupper lower lstrip"
    " partition removeprefix removesuffix rpartition rsplit rstrip split splitlines startswith"
    " strip title upper"
)
"""Methods of texts that give nothing longer than the text."""

_MAX_MADE = 8 * MAX_TEXT
"""Characters of all texts that one template makes on the way, printed or not."""


class _Budget:
    """What one template may still use up."""

    def __init__(self) -> None:
        self.steps = MAX_STEPS
        self.characters = _MAX_MADE


_budget: ContextVar[_Budget] = ContextVar("budget")


class LimitError(Exception):
    """A template took more loop rounds, calls or text than a manifest can need."""


class Environment(ImmutableSandboxedEnvironment):
    """Compiles and runs manifest templates; printed values are JSON, undefined ones are errors."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, sources: Mapping[str, str]) -> None:
        super().__init__(
            loader=jinja2.FunctionLoader(lambda name: _source(sources, name)),
            undefined=StrictUndefined,
            finalize=_printed,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            cache_size=-1,
        )
        self.filters = {name: self.filters[name] for name in _FILTERS.split()}
        self.filters |= {"replace": _replace, "join": _join, "string": _string}
        self.filters["b64encode"] = _base64
        self.filters |= {"_rounds": _rounds, "_text": _text}

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        for loop in source.find_all(nodes.For):
            loop.iter = _filtered("_rounds", loop.iter)
        for text in list(source.find_all(nodes.Concat)):
            text.nodes = [_filtered("_text", nodes.List(text.nodes))]
        for part in source.find_all((nodes.For, nodes.Concat)):
            part.set_environment(self)
        return super()._generate(source, *args, **kwargs)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Leave text only the methods that cannot make it longer."""
        if isinstance(obj, str):
            return attr in _TEXT_METHODS.split()
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Refuse `str.format`: a width of a thousand million is one call."""
        if super().wrap_str_format(value) is not None:
            message = "format is not available in manifest templates; use ~ to join texts"
            raise SecurityError(message)
        return None

    def call(self, context: Context, obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Pay for every call, so that macros cannot call each other without end."""
        spend()
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Refuse operations whose result would be huge before they are carried out."""
        _check_growth(operator, left, right)
        return super().call_binop(context, operator, left, right)

    def get_template(self, name: Any, *args: Any, **kwargs: Any) -> jinja2.Template:
        """Pay for every include."""
        spend()
        return super().get_template(name, *args, **kwargs)


def start() -> None:
    """Give the template that is rendered next a full budget."""
    _budget.set(_Budget())


def spend(steps: int = 1, characters: int = 0) -> None:
    """Pay for a loop round, a call or an include, or for a text that is made.

    Raises:
        LimitError: nothing is left.
    """
    budget = _budget.get()
    budget.steps -= steps
    budget.characters -= characters
    if budget.steps < 0:
        message = f"more than {MAX_STEPS:,} loop rounds, calls and includes"
        raise LimitError(message)
    if budget.characters < 0:
        message = f"it makes texts of more than {_MAX_MADE:,} characters"
        raise LimitError(message)


def _source(sources: Mapping[str, str], name: str) -> tuple[str, str, Callable[[], bool]] | None:
    return (sources[name], name, lambda: True) if name in sources else None


def _filtered(name: str, node: nodes.Node) -> nodes.Filter:
    made = nodes.Filter(node, name, [], [], None, None)
    made.set_lineno(node.lineno or 1)
    return made


def _printed(value: Any) -> str:
    if isinstance(value, Undefined):
        return str(value)  # raises, with the name of what is missing
    _check_size(value)
    text = encode.encode(value)
    spend(0, len(text))
    return text


def _rounds(items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        spend()
        yield item


def _text(parts: Iterable[Any]) -> str:
    return _join([str(part) for part in parts])


def _join(items: Iterable[Any], separator: str = "") -> str:
    texts = [_string(item) for item in items]
    length = sum(map(len, texts)) + len(separator) * len(texts)
    _check_length(length)
    spend(0, length)
    return separator.join(texts)


def _replace(text: Any, old: str, new: str) -> str:
    before = _string(text)
    length = len(before) + before.count(old) * len(new)
    _check_length(length)
    spend(0, length)
    return before.replace(old, new)


def _base64(value: Any) -> str:
    return base64.b64encode(_string(value).encode()).decode()


def _string(value: Any) -> str:
    _check_size(value)
    return str(value)


def _check_growth(operator: str, left: Any, right: Any) -> None:
    match operator, left, right:
        case "%", str(), _:
            message = "% is not available for texts in manifest templates; use ~ to join texts"
            raise SecurityError(message)
        case "+", str() | list() | tuple(), str() | list() | tuple():
            _check_length(len(left) + len(right), MAX_TEXT if isinstance(left, str) else _MAX_ITEMS)
        case ("*", str() as text, int(times)) | ("*", int(times), str() as text):
            _check_length(len(text) * times)
        case ("*", list() | tuple() as items, int(times)) | (
            "*",
            int(times),
            list() | tuple() as items,
        ):
            _check_length(len(items) * times, _MAX_ITEMS)
        case "*", int(), int():
            _check_length(left.bit_length() + right.bit_length(), _MAX_BITS)
        case "**", int(), int():
            _check_length(left.bit_length() * abs(right), _MAX_BITS)


def _check_length(length: int, limit: int = MAX_TEXT) -> None:
    if length > limit:
        message = f"a value of size {length:,}; the limit is {limit:,}"
        raise LimitError(message)


def _check_size(value: Any) -> None:
    left = MAX_TEXT
    waiting = [value]
    while waiting:
        item = waiting.pop()
        left -= len(item) if isinstance(item, str) else 1
        if left < 0:
            _check_length(MAX_TEXT + 1)
        if isinstance(item, Mapping):
            waiting += [*item, *item.values()]
        elif isinstance(item, list | tuple):
            waiting += item
