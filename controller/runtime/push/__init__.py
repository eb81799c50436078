"""Push notifications: an HTTP request to an address that a client named, when its task changes.

configs  who wants to be told of which task
targets  which addresses may be called: whoever talks to an agent must not reach into its network
sender   what is sent and how often it is tried
"""

from controller.runtime.push.configs import Configs
from controller.runtime.push.sender import Sender
from controller.runtime.push.targets import Targets

__all__ = ["Configs", "Sender", "Targets"]
