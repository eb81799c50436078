"""Push notifications: an HTTP request to an address that a client named, when its task changes.

targets  which addresses may be called: whoever talks to an agent must not reach into its network
sender   what is sent and how often it is tried
"""

from controller.runtime.push.sender import Configs, Sender
from controller.runtime.push.targets import Targets

__all__ = ["Configs", "Sender", "Targets"]
