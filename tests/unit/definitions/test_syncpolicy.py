import pytest

from controller.definitions.application import Application, parse_applications

WRITTEN = """apiVersion: roster.dev/v1alpha1
kind: Application
metadata: {name: agents}
spec:
  source: {repoURL: /srv/agents}
  suspend: true
  syncPolicy:
    automated: {prune: true}
    retry:
      limit: 5
      backoff: {duration: 10s, factor: 3, maxDuration: 5m}
    syncWindows:
      - kind: deny
        schedule: 0 22 * * 5
        duration: 62h
        timeZone: Europe/Berlin
        manualSync: true
"""


def read(text: str) -> Application:
    (application,), findings = parse_applications(text.encode(), file="roster.yaml")
    assert findings == ()
    return application


def test_retry_windows_and_suspend_are_read() -> None:
    spec = read(WRITTEN).spec
    policy = spec.sync_policy
    (window,) = policy.sync_windows

    assert spec.suspend
    assert (policy.retry.limit, policy.retry.backoff.factor) == (5, 3)
    assert (window.kind, window.duration, window.manual_sync) == ("deny", "62h", True)


@pytest.mark.parametrize(
    ("said", "enabled", "self_heal"),
    [
        pytest.param("mode: enforce", True, True, id="enforce"),
        pytest.param("mode: warn", False, False, id="warn"),
        pytest.param("mode: manual", False, False, id="manual"),
        pytest.param("automated: {}", True, False, id="as-argo-says-it"),
        pytest.param("automated: {enabled: false}", False, False, id="switched-off"),
        pytest.param("syncOptions: []", False, False, id="nothing-said"),
        pytest.param("{mode: enforce, automated: {prune: true}}", True, False, id="both"),
    ],
)
def test_the_mode_says_in_a_word_what_automated_says(
    said: str, enabled: bool, self_heal: bool
) -> None:
    head = WRITTEN[: WRITTEN.index("  suspend")]

    automation = read(f"{head}  syncPolicy:\n    {said}\n").spec.sync_policy.automation

    assert (automation.enabled, automation.self_heal) == (enabled, self_heal)


@pytest.mark.parametrize(
    ("old", "new", "place", "rule"),
    [
        ("0 22 * * 5", "0 25 * * 5", (14, 9), "invalid-schedule"),
        ("0 22 * * 5", "0 0 31 2 *", (14, 9), "invalid-schedule"),
        ("0 22 * * 5", "0 0 22 * * 5", (14, 9), "invalid-schedule"),
        ("Europe/Berlin", "Europe/Brlin", (16, 9), "unknown-time-zone"),
        ("Europe/Berlin", "../../etc/passwd", (16, 9), "unknown-time-zone"),
        ("62h", "soon", (15, 9), "wrong-format"),
        ("kind: deny", "kind: forbid", (13, 9), "wrong-value"),
        ("automated: {", "mode: warn\n    automated: {", (8, 5), "contradicting-mode"),
    ],
)
def test_what_is_wrong_is_found_with_its_place(
    old: str, new: str, place: tuple[int, int], rule: str
) -> None:
    content = WRITTEN.replace(old, new, 1).encode()

    _, findings = parse_applications(content, file="roster.yaml")

    found = [(item.rule, item.position.line, item.position.column) for item in findings]
    assert (rule, *place) in found
