from controller.local.apiserver import fields

WIRE = {"f:data": {".": {}, "f:a": {}}, "f:list": {'k:{"name":"x"}': {".": {}, "f:v": {}}}}


def test_what_is_read_from_the_wire_is_written_the_same() -> None:
    assert fields.to_wire(fields.from_wire(WIRE)) == WIRE


def test_a_union_has_the_members_of_both() -> None:
    left, right = fields.from_wire({"f:a": {}}), fields.from_wire({"f:a": {"f:b": {}}})

    assert fields.to_wire(fields.union(left, right)) == {"f:a": {".": {}, "f:b": {}}}


def test_a_difference_takes_members_and_leaves_what_is_below() -> None:
    left, right = fields.from_wire(WIRE), fields.from_wire({"f:data": {".": {}}})

    assert fields.to_wire(fields.difference(left, right))["f:data"] == {"f:a": {}}


def test_an_intersection_drops_branches_without_members() -> None:
    left, right = fields.from_wire(WIRE), fields.from_wire({"f:data": {"f:z": {}}})

    assert fields.intersection(left, right) == {}


def test_prefixes_take_everything_below_them() -> None:
    left, right = fields.from_wire(WIRE), fields.from_wire({"f:data": {}})

    assert list(fields.without(left, right)) == ["f:list"]


def test_a_path_is_shown_as_messages_write_it() -> None:
    path = ("f:spec", "f:containers", 'k:{"name":"x"}', "f:image")

    assert fields.shown(path) == '.spec.containers[name="x"].image'
    assert fields.shown(("f:metadata", "f:finalizers", 'v:"a"')) == '.metadata.finalizers[="a"]'


def test_paths_come_in_order() -> None:
    found = [fields.shown(path) for path in fields.paths(fields.from_wire(WIRE))]

    assert found == [".data", ".data.a", '.list[name="x"]', '.list[name="x"].v']


def test_only_members_are_in_the_set() -> None:
    built: fields.Fields = {}
    fields.insert(built, ("f:a", "f:b"))

    assert fields.has(built, ("f:a", "f:b"))
    assert not fields.has(built, ("f:a",))
