"""What keeps one definition from being rendered, before it becomes a finding with a position."""

from controller.definitions.catalog import Path


class RenderError(Exception):
    """A definition that cannot be rendered: which rule, why, what to do, and where in it."""

    def __init__(self, rule: str, message: str, *, remedy: str, path: Path = ("spec",)) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.remedy = remedy
        self.path = path
