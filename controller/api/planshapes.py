"""What the API answers about plans: what a sync would do now, and what holds parts of it back."""

import pydantic

from controller.api.shapes import ObjectRef, Shape


class ChangeShape(ObjectRef):
    """What a sync would do to one object."""

    action: str
    component: str
    wave: int
    reason: str
    diff: str = pydantic.Field(description="Unified diff from live to desired, masked.")


class GuardShape(Shape):
    """What holds back part of a sync, and what it holds back."""

    rule: str
    message: str
    objects: list[ObjectRef]


class BlockedShape(Shape):
    """A definition that is left as it is, and why."""

    component: str
    reason: str


class PlanShape(Shape):
    """What a sync would do now."""

    application: str
    revision: str
    is_empty: bool
    changes: list[ChangeShape]
    guards: list[GuardShape]
    blocked: list[BlockedShape]
