from controller.objects import content_hash
from controller.objects.metadata import with_metadata


def test_the_hash_does_not_depend_on_the_order_of_keys() -> None:
    assert content_hash({"a": 1, "b": {"c": 2, "d": 3}}) == content_hash(
        {"b": {"d": 3, "c": 2}, "a": 1}
    )


def test_metadata_is_added_to_a_copy() -> None:
    manifest = {"metadata": {"name": "a", "labels": {"x": "1", "y": "2"}}}

    added = with_metadata(manifest, labels={"x": "3"}, annotations={"n": "v"})

    assert added["metadata"] == {
        "name": "a",
        "labels": {"x": "3", "y": "2"},
        "annotations": {"n": "v"},
    }
    assert manifest["metadata"]["labels"]["x"] == "1"
