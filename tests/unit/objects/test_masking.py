import base64

from controller.objects import masked, scrubber

SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {
        "name": "s",
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "canary"},
    },
    "data": {"a": "Y2FuYXJ5", "b": "Y2FuYXJ5", "c": "b3RoZXI="},
    "stringData": {"d": "canary"},
}


def test_no_value_of_a_secret_is_left() -> None:
    text = str(masked(SECRET))

    assert "canary" not in text
    assert "Y2FuYXJ5" not in text


def test_equal_and_different_values_can_be_told_apart() -> None:
    data = masked(SECRET)["data"]

    assert data["a"] == data["b"]
    assert data["a"] != data["c"]


def test_the_original_is_untouched() -> None:
    masked(SECRET)

    assert SECRET["data"]["a"] == "Y2FuYXJ5"


def test_other_kinds_pass() -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"}}

    assert masked(config) == config


def test_a_malformed_secret_is_masked_whole() -> None:
    broken = {"apiVersion": "v1", "kind": "Secret", "data": "canary"}

    assert "canary" not in str(masked(broken))


def test_values_are_masked_in_texts_of_others() -> None:
    encoded = base64.b64encode(b"first-line-of-key\nsecond-line-of-key").decode()
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "data": {"pem": encoded},
        "stringData": {"token": "hunter2-hunter2", "port": "8080"},
    }
    scrub = scrubber([secret, {"kind": "ConfigMap", "data": {"innocent": "innocent-text"}}])

    text = scrub(f"key=hunter2-hunter2 {encoded} second-line-of-key 8080 innocent-text")

    assert "hunter2" not in text
    assert encoded not in text
    assert "second-line" not in text
    assert text.endswith("8080 innocent-text")


def test_without_secrets_texts_stay() -> None:
    assert scrubber([])("as it is") == "as it is"
