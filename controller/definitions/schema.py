"""The base of every model of a definition, strict in the way Kubernetes is strict.

Kubernetes coerces nothing: `"1"` is no integer, `1` is no text, a boolean is no number, an unknown
field is refused, and so is an explicit null. The models are read by alias only, which is kagent's
own field name; attributes are the same names in snake_case.
"""

from typing import Annotated, Any, TypeAlias, TypeVar, cast

import pydantic
from pydantic_core import CoreSchema, core_schema

T = TypeVar("T")

Object: TypeAlias = dict[str, Any]
"""A subtree of Kubernetes' own types, passed through: the API server knows its fields."""

DURATION = r"^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$"
"""Go's `time.ParseDuration`, without signs: what `metav1.Duration` takes."""
S3_URI = r"^s3://.+"
URI = r"^[A-Za-z][A-Za-z0-9+.-]*:.+"


class _NotNull:
    """Makes `T | None` accept T only, so that None means absent and an explicit null is refused."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: pydantic.GetCoreSchemaHandler
    ) -> CoreSchema:
        inner = handler(source)
        if inner["type"] != "nullable":
            return inner
        return cast("core_schema.NullableSchema", inner)["schema"]


Opt: TypeAlias = Annotated[T | None, _NotNull()]
"""A field that may be absent, in which case the attribute is None."""


def camel_case(name: str) -> str:
    """Give the field name for an attribute name: `system_message` is `systemMessage`."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


class Model(pydantic.BaseModel):
    """A part of a definition: frozen, strict, closed."""

    model_config = pydantic.ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=camel_case,
        protected_namespaces=(),
        allow_inf_nan=False,
    )
