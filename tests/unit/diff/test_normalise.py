from controller.diff import normalise


def test_both_spellings_of_a_secret_are_one() -> None:
    plain = {"apiVersion": "v1", "kind": "Secret", "stringData": {"a": "b"}, "data": {"x": "eA=="}}

    assert normalise.normalised(plain)["data"] == {"a": "Yg==", "x": "eA=="}
    assert "stringData" not in normalise.normalised(plain)


def test_the_servers_own_parts_go() -> None:
    live = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "x",
            "uid": "1",
            "resourceVersion": "2",
            "managedFields": [],
            "creationTimestamp": None,
            "annotations": {"roster.dev/revision": "r", "mine": "1"},
        },
        "status": {"phase": "x"},
    }

    assert normalise.normalised(live) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "x", "annotations": {"mine": "1"}},
    }


def test_owned_string_data_is_owned_data() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret"}
    fields = {"f:stringData": {"f:a": {}}, "f:data": {"f:b": {}}, "f:type": {}}

    assert normalise.fields_normalised(secret, fields) == {
        "f:data": {"f:a": {}, "f:b": {}},
        "f:type": {},
    }


def test_nothing_is_what_says_nothing() -> None:
    assert all(normalise.is_nothing(value) for value in (None, {}, [], {"a": {"b": None}}))
    assert not any(normalise.is_nothing(value) for value in (0, "", False, [None]))
