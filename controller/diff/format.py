"""A difference as text: a unified diff of YAML, as `argocd app diff` prints it."""

import difflib
from collections.abc import Mapping
from typing import Any

import yaml

from controller.diff import normalise
from controller.diff.difference import Change, Difference
from controller.objects import Manifest, mask

_LONGEST_VALUE = 120


class _Dumper(yaml.CSafeDumper):
    """Writes long texts as blocks, so that a changed line of a prompt is one changed line."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write out what occurs twice: a reader compares text."""
        del data
        return True


def _represent(dumper: yaml.CSafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent)


def unified(difference: Difference, *, before: str = "live", after: str = "desired") -> str:
    """Give header and unified diff from live to desired, Secret values masked; empty if same.

    `before` and `after` are what the two sides are called.

    The desired side is the server's prediction where it was asked for, so that its defaults do
    not show up as changes.
    """
    desired = difference.predicted or difference.desired
    old, new = _text(difference.live), _text(desired)
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), before, after, lineterm="")
    body = "\n".join(lines)
    return f"===== {difference.key} ======\n{body}\n" if body else ""


def change(changed: Change) -> str:
    """Give one change in a line: `spec.replicas: 1 -> 3`."""
    return f"{changed.path}: {_value(changed.before)} -> {_value(changed.after)}"


def _text(manifest: Manifest | None) -> str:
    if manifest is None:
        return ""
    shown = _hidden(normalise.normalised(manifest))
    text: str = yaml.dump(shown, Dumper=_Dumper, sort_keys=True, allow_unicode=True, width=100)
    return text


def _hidden(manifest: dict[str, Any]) -> Mapping[str, Any]:
    """Mask after normalising: both spellings of a value have one mask."""
    if not normalise.is_secret(manifest):
        return manifest
    return {**manifest, "data": {name: mask(value) for name, value in manifest["data"].items()}}


def _value(value: Any) -> str:
    if value is None:
        return "(none)"
    text = value if isinstance(value, str) else yaml.safe_dump(value, default_flow_style=True)
    line = " ".join(text.removesuffix("...\n").split())
    return line if len(line) <= _LONGEST_VALUE else f"{line[:_LONGEST_VALUE]}…"
