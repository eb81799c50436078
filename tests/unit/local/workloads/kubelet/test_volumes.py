from pathlib import Path
from typing import Any

import pytest

from controller.local.workloads.kubelet import volumes
from controller.local.workloads.kubelet.volumes import File, Sources, VolumeError

POD: dict[str, Any] = {"metadata": {"name": "p", "namespace": "n"}, "spec": {"containers": []}}
MAP = {"kind": "ConfigMap", "data": {"a": "1", "b": "2"}}


def _sources(tmp_path: Path, **objects: Any) -> Sources:
    return Sources(
        lookup=lambda kind, name: objects.get(f"{kind}_{name}"),
        tokens={},
        address="127.64.0.2",
        claims=lambda name: tmp_path / "claims" / name,
    )


def test_content_is_swapped_as_a_whole(tmp_path: Path) -> None:
    assert volumes.write(tmp_path, {"a": File(b"1", 0o644), "b": File(b"1", 0o600)})
    first = (tmp_path / "..data").resolve()
    assert not volumes.write(tmp_path, {"a": File(b"1", 0o644), "b": File(b"1", 0o600)})
    assert volumes.write(tmp_path, {"a": File(b"2", 0o644), "deep/c": File(b"2", 0o644)})

    assert (tmp_path / "a").read_text() == "2"
    assert (tmp_path / "deep" / "c").read_text() == "2"
    assert not (tmp_path / "b").exists()
    assert not first.exists()


def test_mode_is_the_items_or_the_volumes(tmp_path: Path) -> None:
    item = {"key": "a", "path": "x", "mode": 0o400}
    volume = {"name": "v", "configMap": {"name": "m", "items": [item], "defaultMode": 0o644}}

    files = volumes.files_of(POD, volume, _sources(tmp_path, ConfigMap_m=MAP))
    assert files == {"x": File(b"1", 0o400)}


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        ({"configMap": {"name": "none"}}, 'configmap "none" not found'),
        (
            {"configMap": {"name": "m", "items": [{"key": "z", "path": "z"}]}},
            "references non-existent configmap key: z",
        ),
        ({"secret": {"secretName": "none"}}, 'secret "none" not found'),
        ({"nfs": {"server": "s"}}, "nfs is not supported by the local cluster"),
    ],
)
def test_what_cannot_be_shown_says_why(tmp_path: Path, volume: Any, message: str) -> None:
    with pytest.raises(VolumeError, match=message):
        volumes.files_of(POD, {"name": "v", **volume}, _sources(tmp_path, ConfigMap_m=MAP))


def test_optional_is_empty(tmp_path: Path) -> None:
    volume = {"name": "v", "secret": {"secretName": "none", "optional": True}}

    assert volumes.files_of(POD, volume, _sources(tmp_path)) == {}


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x"])
def test_path_does_not_lead_out_of_the_volume(tmp_path: Path, name: str) -> None:
    with pytest.raises(VolumeError, match="leads out of its volume"):
        volumes.write(tmp_path / "v", {name: File(b"", 0o644)})


def test_claim_is_a_folder_that_stays(tmp_path: Path) -> None:
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "c"}}
    made = volumes.materialise(POD, volume, tmp_path / "v", _sources(tmp_path))

    assert made == tmp_path / "claims" / "c"
    assert made.is_dir()
