"""What is wrong with one definition, before it becomes a finding with a position."""

from controller.definitions.catalog import Path


class RenderError(Exception):
    """A definition that cannot be rendered: which rule, why, what to do, and where in it.

    Given to `Sources.warn` instead of raised, it is a warning.
    """

    def __init__(
        self,
        rule: str,
        message: str,
        *,
        remedy: str,
        path: Path = ("spec",),
        is_certain: bool = True,
    ) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.remedy = remedy
        self.path = path
        self.is_certain = is_certain
        """False where only the cluster could tell, and it was not asked."""
