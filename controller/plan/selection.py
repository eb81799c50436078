"""A part of a plan: the objects that somebody chose."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from controller.objects import ObjectKey
from controller.plan.steps import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Names objects; what is empty stands for any, but the group of a kind without one."""

    group: str = ""
    kind: str
    namespace: str = ""
    name: str

    @classmethod
    def parse(cls, text: str) -> "Selector":
        """Read `GROUP:KIND:NAME` or `GROUP:KIND:NAMESPACE/NAME`, as Argo CD's command line does.

        Raises:
            ValueError: the text has another form.
        """
        parts = text.split(":")
        if len(parts) != 3 or not parts[1] or not parts[2]:
            raise ValueError(f"{text!r} is not GROUP:KIND:NAME, such as apps:Deployment:triage")
        namespace, _, name = parts[2].rpartition("/")
        return cls(group=parts[0], kind=parts[1], namespace=namespace, name=name)

    def matches(self, key: ObjectKey) -> bool:
        """Tell whether an object is one of those."""
        return (self.group, self.kind, self.name) == (
            key.group,
            key.kind,
            key.name,
        ) and self.namespace in {"", key.namespace}

    def __str__(self) -> str:
        """Give what `parse` reads."""
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.group}:{self.kind}:{place}"


def choose(plan: Plan, selectors: Iterable[Selector]) -> Plan:
    """Give the plan with the changes of chosen objects alone, and without hooks (as Argo CD)."""
    wanted = tuple(selectors)
    chosen = plan.only(lambda step: any(one.matches(step.key) for one in wanted))
    kept = tuple(step for step in plan.kept if any(one.matches(step.key) for one in wanted))
    return replace(chosen, kept=kept, hooks=())


def unknown(plan: Plan, selectors: Iterable[Selector]) -> tuple[Selector, ...]:
    """Give those that name no object of the application."""
    keys = [step.key for step in (*plan.changes, *plan.kept, *plan.unchanged)]
    return tuple(one for one in selectors if not any(one.matches(key) for key in keys))
