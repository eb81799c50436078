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


def test_fields_of_others_are_told_from_ours() -> None:
    scaler = {
        "manager": "hpa",
        "operation": "Update",
        "subresource": "scale",
        "fieldsV1": {"f:spec": {"f:replicas": {}}},
    }
    ours = {**APPLY, "fieldsV1": {"f:spec": {"f:paused": {}}}}

    assert fields.is_owned_by_others(live(ours, scaler), "roster", ["spec", "replicas"])
    assert fields.is_owned_by_others(live(ours, scaler), "roster", ["spec"])
    assert not fields.is_owned_by_others(live(ours, scaler), "roster", ["spec", "paused"])


def test_keys_of_items_and_members_of_sets_are_read() -> None:
    key = fields.item_key('k:{"containerPort":8080,"protocol":"TCP"}')

    assert key == (("containerPort", 8080), ("protocol", "TCP"))
    assert fields.set_member('v:"finalizer"') == "finalizer"
