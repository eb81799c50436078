from typing import Any

import pytest

from controller.definitions import syncoptions
from controller.definitions.syncoptions import (
    Conflicts,
    Consent,
    Propagation,
    SyncOptions,
    Validation,
)
from controller.definitions.view import View


def annotated(**notes: str) -> dict[str, Any]:
    return {"metadata": {"annotations": {key.replace("__", "/"): v for key, v in notes.items()}}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Prune=confirm", SyncOptions(prune=Consent.CONFIRM)),
        ("Prune=false", SyncOptions(prune=Consent.NO)),
        ("PruneLast=true", SyncOptions(prune_last=True)),
        ("PrunePropagationPolicy=orphan", SyncOptions(propagation=Propagation.ORPHAN)),
        ("Replace=true", SyncOptions(replace=True)),
        (" Force = true ", SyncOptions(force=True)),
        ("ServerSideApplyConflicts=fail", SyncOptions(conflicts=Conflicts.FAIL)),
        ("Validate=server", SyncOptions(validation=Validation.SERVER)),
        ("Validate=false", SyncOptions(validation=Validation.NONE)),
        ("CreateNamespace=true", SyncOptions(create_namespace=True)),
        ("ServerSideApply=true", SyncOptions()),
        ("Delete=false", SyncOptions()),
        ("Unknown=true", SyncOptions()),
        ("Prune=perhaps", SyncOptions()),
        ("", SyncOptions()),
    ],
)
def test_an_option_is_read(text: str, expected: SyncOptions) -> None:
    assert syncoptions.parse([text]) == expected


def test_later_options_come_over_earlier_ones() -> None:
    base = SyncOptions(replace=True, prune_last=True)

    found = syncoptions.parse(["Replace=false", "Prune=false", "Prune=confirm"], base)

    assert found == SyncOptions(prune_last=True, prune=Consent.CONFIRM)


def test_an_objects_own_options_come_over_the_applications() -> None:
    manifest = annotated(
        argocd_argoproj_io="",
        **{
            "argocd.argoproj.io__sync-options": "Prune=false,Replace=true",
            "roster.dev__sync-options": "Replace=false",
        },
    )

    found = syncoptions.of_object(manifest, SyncOptions(force=True))

    assert found == SyncOptions(force=True, prune=Consent.NO)
    assert syncoptions.of_object({}, SyncOptions(force=True)) == SyncOptions(force=True)


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ("PruneLst=true", "there is no sync option 'PruneLst'", "Did you mean 'PruneLast'?"),
        ("Prune=flase", "Prune cannot be 'flase'", "Did you mean Prune=false?"),
        ("ApplyOutOfSyncOnly=false", "writes only what is out of sync", "ApplyOutOfSyncOnly=true"),
        ("RespectIgnoreDifferences=false", "never written", "RespectIgnoreDifferences=true"),
        ("Replace", "Replace cannot be ''", "Write Replace=false or Replace=true."),
    ],
)
def test_what_is_no_option_is_told_with_the_nearest(text: str, message: str, remedy: str) -> None:
    (found,) = syncoptions.check(View([text], ("spec",)))

    assert message in found.message
    assert remedy in found.remedy
    assert found.path == ("spec", 0)


def test_every_choice_for_editors_is_an_option() -> None:
    assert [syncoptions.problem(choice) for choice in syncoptions.CHOICES] == [None] * len(
        syncoptions.CHOICES
    )
