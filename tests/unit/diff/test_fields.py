from controller.diff import fields


def live(*entries: dict[str, object]) -> dict[str, object]:
    return {"metadata": {"managedFields": list(entries)}}


APPLY = {"manager": "roster", "operation": "Apply", "fieldsV1": {"f:data": {}}}


def test_only_what_was_applied_by_us_is_ours() -> None:
    update = {**APPLY, "operation": "Update"}
    status = {**APPLY, "subresource": "status"}
    theirs = {**APPLY, "manager": "helm"}

    assert fields.applied_by(live(update, status, theirs), "roster") is None
    assert fields.applied_by(live(theirs, APPLY), "roster") == {"f:data": {}}


def test_other_owners_are_named_without_status_writers() -> None:
    found = live(
        APPLY,
        {"manager": "kubectl-edit", "operation": "Update"},
        {"manager": "kube-controller-manager", "subresource": "status"},
    )

    assert fields.other_owners(found, "roster") == ("kubectl-edit",)


def test_keys_of_items_and_members_of_sets_are_read() -> None:
    key = fields.item_key('k:{"containerPort":8080,"protocol":"TCP"}')

    assert key == (("containerPort", 8080), ("protocol", "TCP"))
    assert fields.set_member('v:"finalizer"') == "finalizer"
