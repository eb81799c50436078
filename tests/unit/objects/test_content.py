import json

from controller.objects import content_hash, shared
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


def test_equal_keys_and_short_texts_are_kept_once() -> None:
    one, two = (shared(json.loads('{"kind": "Pod", "spec": [{"name": "a-1"}]}')) for _ in range(2))

    assert one == two == {"kind": "Pod", "spec": [{"name": "a-1"}]}
    assert one["kind"] is two["kind"]
    assert next(iter(one["spec"][0].items()))[1] is two["spec"][0]["name"]


def test_what_is_shared_is_a_copy_with_numbers_and_long_texts_as_they_are() -> None:
    manifest = {"spec": {"replicas": 1, "paused": False, "text": "x" * 100}}

    copy = shared(manifest)

    assert copy == manifest
    assert copy["spec"] is not manifest["spec"]
    assert copy["spec"]["text"] is manifest["spec"]["text"]
