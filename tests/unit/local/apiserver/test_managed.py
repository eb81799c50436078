from controller.local.apiserver import managed
from controller.local.apiserver.managed import Manager, Owned


def entry(name: str, operation: str, time: str, subresource: str = "") -> tuple[Manager, Owned]:
    manager = Manager.of(operation=operation, name=name, api_version="v1", subresource=subresource)
    return manager, Owned({}, "v1", time)


def test_appliers_come_first_then_the_older_then_by_name() -> None:
    managers = dict(
        [
            entry("zoe", "Update", "2026-01-01T00:00:01Z"),
            entry("kube-apiserver", "Update", "2026-01-01T00:00:02Z", "status"),
            entry("adam", "Update", "2026-01-01T00:00:02Z"),
            entry("roster", "Apply", "2026-01-01T00:00:03Z"),
        ]
    )

    written = managed.write(managers)

    assert [e["manager"] for e in written] == ["roster", "zoe", "adam", "kube-apiserver"]
