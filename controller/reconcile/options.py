"""Settings and an application -> what rendering needs to know, for controller and command line."""

from collections.abc import Mapping

from controller.render.options import RenderOptions
from controller.settings import Settings


def render_options(
    settings: Settings,
    *,
    application: str,
    namespace: str,
    annotations: Mapping[str, str] | None = None,
) -> RenderOptions:
    """Give the options of an application; its annotations come before those of the settings."""
    return RenderOptions(
        application=application,
        namespace=namespace,
        agent_image=settings.agent_image,
        runtime=settings.agent_runtime,
        kagent_image=settings.kagent_image,
        kagent_go_image=settings.kagent_go_image,
        controller_url=settings.controller_url,
        skills_image=settings.skills_image,
        gateway_image=settings.gateway_image,
        agent_env=settings.agent_env,
        annotations={**settings.agent_annotations, **(annotations or {})},
    )
