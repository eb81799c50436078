"""Applications as they are written down -> as they are stored."""

from controller.definitions import durations
from controller.definitions.application import Application
from controller.definitions.syncpolicy import RetryDefinition, SyncPolicyDefinition
from controller.diff.ignore import Rule
from controller.state.records import ApplicationSpec, RetryPolicy, SyncPolicy, SyncWindow


def application_spec(application: Application) -> ApplicationSpec:
    """Give the stored form of an application as it is written down."""
    spec = application.spec
    return ApplicationSpec(
        name=application.name,
        repo_url=spec.source.repo_url,
        target_revision=spec.source.target_revision,
        path=spec.source.path,
        namespace=spec.destination.namespace,
        templates=spec.source.templates,
        agent_annotations=application.agent_annotations,
        sync_policy=_sync_policy(spec.sync_policy),
        suspend=spec.suspend,
        ignore_differences=tuple(
            Rule(
                group=rule.group,
                kind=rule.kind,
                name=rule.name,
                namespace=rule.namespace,
                json_pointers=tuple(rule.json_pointers),
                jq_path_expressions=tuple(rule.jq_path_expressions),
                managed_fields_managers=tuple(rule.managed_fields_managers),
            )
            for rule in spec.ignore_differences
        ),
    )


def _sync_policy(definition: SyncPolicyDefinition) -> SyncPolicy:
    automation, retry = definition.automation, definition.retry
    return SyncPolicy(
        automated=automation.enabled,
        warn=definition.mode == "warn",
        prune=automation.prune,
        self_heal=automation.self_heal,
        retry=_retry_policy(retry),
        windows=tuple(
            SyncWindow(
                kind=window.kind,
                schedule=window.schedule,
                duration_s=durations.seconds(window.duration),
                time_zone=window.time_zone,
                manual_sync=window.manual_sync,
            )
            for window in definition.sync_windows
        ),
        sync_options=tuple(definition.sync_options),
    )


def _retry_policy(definition: RetryDefinition) -> RetryPolicy:
    backoff = definition.backoff
    given = RetryPolicy(
        duration_s=durations.seconds(backoff.duration),
        factor=backoff.factor,
        max_duration_s=durations.seconds(backoff.max_duration),
    )
    if definition.limit is None:
        return given
    return given.model_copy(update={"limit": definition.limit, "hook_limit": definition.limit})
