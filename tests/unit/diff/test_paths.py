from controller.diff import paths


def test_names_with_dots_stand_in_brackets() -> None:
    assert paths.field("metadata.labels", "app") == "metadata.labels.app"
    assert paths.field("metadata.labels", "a.b/c") == "metadata.labels[a.b/c]"
    assert paths.field("", "spec") == "spec"


def test_defaults_in_a_key_are_not_told() -> None:
    assert paths.item("ports", [("port", 80), ("protocol", "TCP")]) == "ports[port=80]"
    assert paths.item("ports", [("protocol", "TCP")]) == "ports[protocol=TCP]"


def test_items_are_told_apart_by_what_they_all_have() -> None:
    assert paths.list_key([{"name": "a", "image": "x"}], [{"name": "b"}]) == ("name",)
    assert paths.list_key([{"mountPath": "/a", "name": "v"}]) == ("mountPath",)
    assert paths.list_key([{"name": "a"}, {"name": "a"}]) is None
    assert paths.list_key(["a"], ["b"]) is None
    assert paths.list_key([], []) is None
