from controller.reconcile.options import render_options
from controller.settings import Settings


def test_an_application_says_more_than_the_settings() -> None:
    settings = Settings(
        agent_runtime="kagent",
        agent_env={"A": "1"},
        agent_annotations={"roster.dev/network-policy": "enabled", "roster.dev/autoscaling": "1-2"},
    )

    options = render_options(
        settings,
        application="demo",
        namespace="agents",
        annotations={"roster.dev/autoscaling": "disabled"},
    )

    assert (options.application, options.namespace, options.runtime) == ("demo", "agents", "kagent")
    assert options.agent_env == {"A": "1"}
    assert options.annotations == {
        "roster.dev/network-policy": "enabled",
        "roster.dev/autoscaling": "disabled",
    }
