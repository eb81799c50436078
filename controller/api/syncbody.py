"""What a request for a sync may say: the fields of Argo CD's, read into the one that is stored."""

from typing import Annotated, Any

import flask
import pydantic
from pydantic_core import PydanticCustomError

from controller.definitions import syncoptions
from controller.plan.selection import Selector
from controller.state.records import SyncRequest

_CLOSED = pydantic.ConfigDict(
    frozen=True, extra="forbid", strict=True, json_schema_extra={"additionalProperties": False}
)
Revision = Annotated[
    str, pydantic.Field(max_length=255, pattern=r"^[A-Za-z0-9][A-Za-z0-9._/+@-]*$")
]
"""A commit, branch or tag as a caller may name it: never an option of git's."""
_Part = Annotated[str, pydantic.Field(max_length=253)]


class ResourceBody(pydantic.BaseModel):
    """Names one object."""

    model_config = _CLOSED

    group: _Part = ""
    kind: Annotated[str, pydantic.Field(min_length=1, max_length=253)]
    namespace: _Part = ""
    name: Annotated[str, pydantic.Field(min_length=1, max_length=253)]


class OptionsBody(pydantic.BaseModel):
    """Sync options for this time."""

    model_config = _CLOSED

    items: Annotated[
        list[Annotated[str, pydantic.Field(max_length=253)]], pydantic.Field(max_length=50)
    ] = []

    @pydantic.field_validator("items")
    @classmethod
    def _are_known(cls, items: list[str]) -> list[str]:
        for item in items:
            if found := syncoptions.problem(item):
                message = f"{found[0]}. {found[1]}"
                raise PydanticCustomError("sync_option", "{message}", {"message": message})
        return items


class ForceBody(pydantic.BaseModel):
    """Whether objects are created anew where a field cannot change."""

    model_config = _CLOSED

    force: bool = False


class StrategyBody(pydantic.BaseModel):
    """How to sync: with hooks, or without (`apply`)."""

    model_config = _CLOSED

    apply: ForceBody | None = None
    hook: ForceBody | None = None


class SyncBody(pydantic.BaseModel):
    """What to sync, and how; everything has a default, and an empty body means all of them."""

    model_config = _CLOSED

    revision: Annotated[
        Revision | None,
        pydantic.Field(description="Commit, branch or tag instead of the application's target."),
    ] = None
    prune: Annotated[
        bool | None, pydantic.Field(description="Instead of the application's policy.")
    ] = None
    dryRun: Annotated[  # noqa: N815 - the name on the wire
        bool,
        pydantic.Field(description="Only tell, in the operation's results, what would happen."),
    ] = False
    confirmed: Annotated[
        bool, pydantic.Field(description="Lift the guards that ask for a confirmation.")
    ] = False
    resources: Annotated[
        list[ResourceBody],
        pydantic.Field(description="Sync these objects alone, without hooks.", max_length=1000),
    ] = []
    syncOptions: Annotated[  # noqa: N815 - the name on the wire
        OptionsBody, pydantic.Field(description="Over those of the application.")
    ] = OptionsBody()
    strategy: Annotated[StrategyBody, pydantic.Field(description="apply leaves out the hooks.")] = (
        StrategyBody()
    )

    @pydantic.model_validator(mode="before")
    @classmethod
    def _nothing_means_defaults(cls, value: Any) -> Any:
        return {} if value is None and not flask.request.get_data() else value

    def request(self, *, initiated_by: str) -> SyncRequest:
        """Give what is stored until it is carried out."""
        strategy = self.strategy
        forced = any(way is not None and way.force for way in (strategy.apply, strategy.hook))
        return SyncRequest(
            revision=self.revision,
            prune=self.prune,
            confirmed=self.confirmed,
            dry_run=self.dryRun,
            resources=tuple(Selector(**dict(item)) for item in self.resources),
            sync_options=(*self.syncOptions.items, *(["Force=true"] if forced else [])),
            skip_hooks=strategy.apply is not None,
            initiated_by=initiated_by,
        )
