"""From the model of config.json to one of pydantic-ai: one module a family of providers.

`create` imports only the module that the configured type needs; a provider's library takes up to
half a second and 40 MB.
"""

from controller.runtime.models.configured import ConfiguredModel
from controller.runtime.models.create import create

__all__ = ["ConfiguredModel", "create"]
