"""What the API answers about operations: what they brought, how they ended, what took them back."""

from datetime import datetime

import pydantic

from controller.api.shapes import InitiatorShape, ListMetadata, ResultShape, Shape
from controller.state.records import OperationPhase


class DefinitionChangeShape(Shape):
    """One thing that an operation changed, in the agents' own terms."""

    kind: str
    severity: str
    definition: str
    file: str
    line: int
    summary: str
    agents: int = pydantic.Field(description="Number of agents that use the definition.")
    reaches: int = pydantic.Field(description="Number of agents that call those.")


class DefinitionChangesShape(Shape):
    """What an operation brought that the one before it had not."""

    since: str
    total: int
    most_important: list[DefinitionChangeShape]


class OperationRecordShape(Shape):
    """One operation, whatever came of it."""

    id: int
    dry_run: bool = pydantic.Field(description="Whether it only told what would happen.")
    request_id: int = pydantic.Field(
        description="The request that it carried out; 0 where nobody asked."
    )
    revision: str
    author: str
    message: str = pydantic.Field(description="First line of the commit's message.")
    title: str = pydantic.Field(
        description="What it was about: the commit's message, or what was corrected."
    )
    initiated_by: InitiatorShape
    phase: OperationPhase
    result_message: str
    retry_count: int
    started_at: datetime
    finished_at: datetime | None
    resources: list[ResultShape]
    definitions: DefinitionChangesShape | None = pydantic.Field(
        description="Null where it brought no new revision, or is the first."
    )


class OperationsShape(Shape):
    """A page of operations, newest first."""

    metadata: ListMetadata
    items: list[OperationRecordShape]


class RevertShape(Shape):
    """A branch that was pushed, to be reviewed and merged."""

    branch: str
    revision: str = pydantic.Field(description="Its commit.")
