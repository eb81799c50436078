"""`/api/feedback`: what users thought of answers."""

from typing import Annotated, Any, Literal

import flask
import pydantic
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from controller.api import services
from controller.api.kagent import callers
from controller.api.kagent.envelope import Body, Envelope, answer
from controller.api.problems import Problem
from controller.state.feedback import Opinion

_PROBLEMS: dict[Any, Any] = {400: Problem, 401: Problem, 403: Problem}

blueprint = APIBlueprint(
    "feedback",
    __name__,
    url_prefix="/api/feedback",
    abp_tags=[Tag(name="feedback", description="Users' opinions, in kagent's shapes.")],
)


class FeedbackBody(Body):
    """An opinion."""

    is_positive: Annotated[bool, pydantic.Field(strict=True)]
    feedback_text: Annotated[str, pydantic.Field(min_length=1, max_length=10_000)]
    issue_type: Literal["instructions", "factual", "incomplete", "tool"] | None = None
    message_id: str | int | None = None


class FeedbackShape(pydantic.BaseModel):
    """A stored opinion."""

    id: int
    user_id: str
    is_positive: bool
    feedback_text: str
    issue_type: str | None
    message_id: str | None
    created_at: str


@blueprint.post("", responses={200: Envelope[FeedbackShape], **_PROBLEMS})
def add_feedback(body: FeedbackBody) -> flask.Response:
    """Store an opinion."""
    opinion = services.current().conversations.feedback.add(
        Opinion(
            user=callers.current().user or callers.DEFAULT_USER,
            is_positive=body.is_positive,
            text=body.feedback_text,
            issue=body.issue_type or "",
            message="" if body.message_id is None else str(body.message_id),
        )
    )
    return answer(_shape(opinion), "Feedback submitted successfully")


@blueprint.get("", responses={200: Envelope[list[FeedbackShape]], **_PROBLEMS})
def list_feedback() -> flask.Response:
    """List a user's opinions; for the operator, everybody's."""
    feedback, caller = services.current().conversations.feedback, callers.current()
    found = feedback.list(caller.user) if caller.user or caller.agent else feedback.everybodys()
    return answer([_shape(opinion) for opinion in found], "Successfully retrieved feedback")


def _shape(opinion: Opinion) -> dict[str, Any]:
    return {
        "id": opinion.id,
        "user_id": opinion.user,
        "is_positive": opinion.is_positive,
        "feedback_text": opinion.text,
        "issue_type": opinion.issue or None,
        "message_id": opinion.message or None,
        "created_at": opinion.created_at,
    }
