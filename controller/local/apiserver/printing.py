"""Objects as table rows, the form in which `kubectl get` asks for them.

The columns are those of k8s.io/kubernetes `pkg/printers/internalversion` (`columns`); for custom
resources their definition names them. A column's description is mostly that of the field it shows.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from controller.local.apiserver import columns, durations, jsonpath
from controller.local.apiserver.durations import Value
from controller.local.apiserver.resources import Resource


def envelope(kind: str) -> dict[str, Any]:
    """Give kind and apiVersion of the meta API's own objects."""
    return {"kind": kind, "apiVersion": "meta.k8s.io/v1"}


def metadata_only(value: Value) -> dict[str, Any]:
    """Give an object without everything but its metadata."""
    return {**envelope("PartialObjectMetadata"), "metadata": value["metadata"]}


def table(
    resource: Resource,
    values: Sequence[Value],
    metadata: Value,
    include: str,
    now: datetime,
) -> dict[str, Any]:
    """Give objects as a table; `include` says how much of each object goes along."""
    shown = columns_of(resource)
    rows = []
    for value in values:
        row: dict[str, Any] = {"cells": [column.cell(value, now) for column in shown]}
        if include == "Object":
            row["object"] = value
        elif include != "None":
            row["object"] = metadata_only(value)
        rows.append(row)
    return {
        **envelope("Table"),
        "metadata": metadata,
        "columnDefinitions": [column.definition() for column in shown],
        "rows": rows,
    }


def columns_of(resource: Resource) -> Sequence[columns.Column]:
    """Give the columns of a resource's table."""
    if resource.custom is not None:
        return _custom_columns(resource.custom)
    return columns.OF_KIND.get(resource.storage_key, (columns.NAME, columns.CREATED))


def described_fields() -> set[str]:
    """Give the fields whose descriptions stand in tables, for the script that collects them."""
    every = [column for listed in columns.OF_KIND.values() for column in listed]
    return {
        column.described for column in (*every, columns.CREATED) if column.described.startswith("v")
    }


def _custom_columns(version: Value) -> Sequence[columns.Column]:
    declared = version.get("additionalPrinterColumns")
    if not declared:
        return (columns.NAME, columns.AGE)
    return (columns.NAME, *(_custom_column(column) for column in declared))


def _custom_column(column: Value) -> columns.Column:
    path, kind = column["jsonPath"], column["type"]

    def cell(value: Value, now: datetime) -> Any:
        found = jsonpath.find(value, path)
        if not found:
            return None
        if kind == "date":
            return durations.since(str(found[0]), now)
        if kind == "string":
            return (
                jsonpath.text(found[0]) if len(found) == 1 else ",".join(map(jsonpath.text, found))
            )
        return found[0]

    return columns.Column(
        column["name"],
        cell,
        column.get("description")
        or f"Custom resource definition column (in JSONPath format): {path}",
        kind=kind,
        priority=column.get("priority", 0),
        form=column.get("format", ""),
    )
