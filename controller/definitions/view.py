"""A document's data with the path to it, safe to look into whatever shape the author gave it.

Checks and references read through this instead of the typed models, so that an agent with one
misspelt field still gets all its other findings in the same pass.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from controller.definitions.catalog import Path


@dataclass(frozen=True, slots=True)
class View:
    """A value, or the absence of one, at a path of a document."""

    value: Any
    path: Path = ()

    def __getitem__(self, key: str) -> "View":
        """Give what stands under a key; absent where this is no mapping or has no such key."""
        value = self.value.get(key) if isinstance(self.value, Mapping) else None
        return View(value, (*self.path, key))

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
        return isinstance(self.value, Mapping) and key in self.value

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
                yield View(item, (*self.path, index))
        elif isinstance(self.value, Mapping):
            for key, item in self.value.items():
                yield View(item, (*self.path, key))

    def texts(self) -> tuple[str, ...]:
        """Give the items of a list that are text."""
        return tuple(item.text for item in self.each() if item.text)
