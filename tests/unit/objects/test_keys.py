import pytest

from controller.objects import ObjectKey


@pytest.mark.parametrize(
    "key",
    [
        ObjectKey("apps", "Deployment", "agents", "triage"),
        ObjectKey("", "ConfigMap", "agents", "prompts"),
        ObjectKey("", "Namespace", "", "agents"),
        ObjectKey("rbac.authorization.k8s.io", "ClusterRole", "", "system:node"),
    ],
    ids=str,
)
def test_parse_reads_what_str_wrote(key: ObjectKey) -> None:
    assert ObjectKey.parse(str(key)) == key


@pytest.mark.parametrize("text", ["", "Deployment", "apps/ x", "Deployment agents/"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an object key"):
        ObjectKey.parse(text)


def test_the_version_is_no_part_of_the_identity() -> None:
    old = {"apiVersion": "apps/v1beta1", "kind": "Deployment", "metadata": {"name": "a"}}
    new = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}}

    assert ObjectKey.of(old) == ObjectKey.of(new)
