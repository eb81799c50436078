from types import SimpleNamespace
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from controller.api import pages, syncforms
from controller.api.problems import ProblemError
from controller.state.records import SyncRequest

RESEARCHER = "apps/Deployment agents/researcher"


def read(make: SimpleNamespace, *fields: tuple[str, str]) -> SyncRequest:
    body = syncforms.body(MultiDict(fields), pages.rows(make.ill()))
    return body.request(initiated_by="dashboard")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([], {}),
        ([("revision", " v1 ")], {"revision": "v1"}),
        ([("prune", "1")], {"prune": True}),
        ([("dialog", "1")], {"prune": False}),
        ([("dry_run", "1")], {"dry_run": True}),
        ([("confirmed", "1")], {"confirmed": True}),
        ([("apply_only", "1")], {"skip_hooks": True}),
        ([("force", "1")], {"sync_options": ("Force=true",)}),
        (
            [("apply_only", "1"), ("force", "1")],
            {"skip_hooks": True, "sync_options": ("Force=true",)},
        ),
        (
            [("replace", "1"), ("conflicts", "fail"), ("propagation", "orphan")],
            {
                "sync_options": (
                    "Replace=true",
                    "ServerSideApplyConflicts=fail",
                    "PrunePropagationPolicy=orphan",
                )
            },
        ),
        ([("validate", "")], {}),
    ],
)
def test_fields_become_a_request(
    make: SimpleNamespace, fields: list[tuple[str, str]], expected: dict[str, Any]
) -> None:
    assert read(make, *fields) == SyncRequest(initiated_by="dashboard", **expected)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([("what", "all"), ("object", RESEARCHER)], set()),
        ([("what", "chosen"), ("object", RESEARCHER)], {"apps:Deployment:agents/researcher"}),
        (
            [("what", "chosen"), ("component", "MCPServer agents/tickets")],
            {"apps:Deployment:agents/tickets", ":Service:agents/tickets"},
        ),
        (
            [("what", "out-of-sync")],
            {
                "apps:Deployment:agents/researcher",
                ":ConfigMap:agents/researcher",
                "apps:Deployment:agents/writer",
                ":ConfigMap:agents/writer",
            },
        ),
    ],
)
def test_objects_are_chosen_one_by_one_or_by_definition(
    make: SimpleNamespace, fields: list[tuple[str, str]], expected: set[str]
) -> None:
    assert {str(one) for one in read(make, *fields).resources} == expected


@pytest.mark.parametrize(
    ("field", "told"),
    [
        (("revision", "--evil"), "not a commit, branch or tag"),
        (("conflicts", "maybe"), "cannot be 'maybe'"),
        (("what", "chosen"), "No object is chosen"),
    ],
)
def test_what_no_sync_can_do_is_refused(
    make: SimpleNamespace, field: tuple[str, str], told: str
) -> None:
    with pytest.raises(ProblemError, match=told):
        read(make, field)


def test_an_untouched_dialog_has_the_policy_of_the_application() -> None:
    given = syncforms.Given(MultiDict(), prunes=True)

    assert (given.has("prune"), given.has("force"), given.what) == (True, False, "all")


def test_a_dialog_that_is_opened_again_is_filled_in_as_it_was() -> None:
    fields = [("dialog", "1"), ("object", RESEARCHER), ("force", "1"), ("revision", "v1")]
    given = syncforms.Given(MultiDict(fields), prunes=True)

    assert (given.has("prune"), given.has("force"), given.what) == (False, True, "chosen")
    assert (given.text("revision"), given.objects) == ("v1", {RESEARCHER})
