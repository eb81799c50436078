from typing import Any

import pytest

from controller.definitions import hooks
from controller.definitions.hooks import DeletePolicy, Hook, Phase
from controller.definitions.view import View

BEFORE = frozenset({DeletePolicy.BEFORE_CREATION})


def annotated(notes: dict[str, str]) -> dict[str, Any]:
    return {"metadata": {"annotations": notes}}


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ({}, None),
        ({"argocd.argoproj.io/hook": "PreSync"}, Hook(phases=(Phase.PRE_SYNC,), policies=BEFORE)),
        (
            {"argocd.argoproj.io/hook": "PreSync", "roster.dev/hook": " PostSync, Sync "},
            Hook(phases=(Phase.SYNC, Phase.POST_SYNC), policies=BEFORE),
        ),
        ({"roster.dev/hook": "Skip"}, Hook(phases=(), policies=BEFORE)),
        (
            {
                "roster.dev/hook": "SyncFail",
                "argocd.argoproj.io/hook-delete-policy": "HookSucceeded,HookFailed",
                "roster.dev/hook-timeout": "1m30s",
            },
            Hook(
                phases=(Phase.SYNC_FAIL,),
                policies=frozenset({DeletePolicy.SUCCEEDED, DeletePolicy.FAILED}),
                timeout_s=90.0,
            ),
        ),
    ],
    ids=["none", "Argo CD's", "ours first", "never", "everything"],
)
def test_a_hook_is_read(notes: dict[str, str], expected: Hook | None) -> None:
    assert hooks.of(annotated(notes)) == expected
    assert hooks.is_hook(annotated(notes)) is (expected is not None)


@pytest.mark.parametrize(
    ("notes", "message", "remedy"),
    [
        ({"roster.dev/hook": "PreSynch"}, "no hook 'PreSynch'", "Did you mean 'PreSync'?"),
        ({"argocd.argoproj.io/hook": "PostDelete"}, "never runs", "Remove it"),
        ({"roster.dev/hook-delete-policy": "HookDone"}, "no delete policy", "BeforeHookCreation"),
        ({"roster.dev/hook-timeout": "soon"}, "'soon' is no duration", "10m"),
    ],
    ids=str,
)
def test_what_cannot_be_followed_is_found(notes: dict[str, str], message: str, remedy: str) -> None:
    (found,) = hooks.check(View(notes, ("metadata", "annotations")), is_own_kind=False)

    assert message in found.message
    assert remedy in found.remedy
    assert found.path == ("metadata", "annotations", next(iter(notes)))


def test_an_agent_cannot_be_a_hook() -> None:
    (found,) = hooks.check(View({"roster.dev/hook": "PreSync"}), is_own_kind=True)

    assert "cannot be a hook" in found.message
