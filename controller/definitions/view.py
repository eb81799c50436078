"""A document's data with the path to it, safe to look into whatever shape the author gave it.

Checks and references read through this instead of the typed models, so that an agent with one
misspelt field still gets all its other findings in the same pass.
"""

from collections.abc import Iterator
from typing import Any

from controller.definitions.catalog import Path


class View:
    """A value, or the absence of one, at a path of a document."""

    # A plain class: a thousand agents make a million views, and frozen dataclasses cost triple.
    __slots__ = ("_key", "_parent", "_root", "value")

    def __init__(self, value: Any, root: Path = ()) -> None:
        """Look at a value that stands at the path `root` of its document."""
        self.value = value
        self._root = root
        self._parent: View | None = None
        self._key: str | int = ""

    def _inner(self, value: Any, key: str | int) -> "View":
        view = View(value)
        view._parent = self
        view._key = key
        return view

    def __getitem__(self, key: str) -> "View":
        """Give what stands under a key; absent where this is no mapping or has no such key."""
        value = self.value
        return self._inner(value.get(key) if isinstance(value, dict) else None, key)

    def at(self, *keys: str) -> "View":
        """Follow several keys."""
        view = self
        for key in keys:
            view = view[key]
        return view

    def __bool__(self) -> bool:
        """Tell whether there is a value: CEL's `has`. An empty text, list or mapping is one."""
        return self.value is not None

    def holds(self, key: str) -> bool:
        """Tell whether the author wrote the key, if only with nothing after it."""
        return isinstance(self.value, dict) and key in self.value

    @property
    def path(self) -> Path:
        """Where the value stands in its document, or would stand."""
        return self._root if self._parent is None else (*self._parent.path, self._key)

    @property
    def text(self) -> str:
        """The value where it is text, else empty."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def is_true(self) -> bool:
        """Whether the value is the boolean true."""
        return self.value is True

    def each(self) -> Iterator["View"]:
        """Give the items of a list, or of a mapping its values; nothing for other values."""
        if isinstance(self.value, list):
            for index, item in enumerate(self.value):
                yield self._inner(item, index)
        elif isinstance(self.value, dict):
            for key, item in self.value.items():
                yield self._inner(item, key)

    def texts(self) -> tuple[str, ...]:
        """Give the items of a list that are text."""
        return tuple(item.text for item in self.each() if item.text)
