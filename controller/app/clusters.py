"""One cluster: a client for it, what is ours in it, what others contribute, and its events."""

import socket
from contextlib import ExitStack
from dataclasses import dataclass

from controller.cluster.client import Client
from controller.cluster.events import Recorder
from controller.cluster.inputs import Inputs
from controller.cluster.live import LiveState
from controller.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One cluster: writes and questions, what is ours in it, what others contribute, and news."""

    client: Client
    live: LiveState
    inputs: Inputs
    events: Recorder


def connect(settings: Settings) -> Client:
    """Give a client for the cluster that the settings name, else the one this runs in."""
    return Client.connect(
        settings.kubeconfig, settings.context, timeout_s=settings.cluster_timeout_s
    )


def start(settings: Settings, started: ExitStack) -> Cluster:
    """Connect to the cluster and begin to watch it; `started` ends that.

    Raises:
        RosterError: it cannot be reached.
    """
    client = connect(settings)
    # After the loop and the watches, and before another process may have the state folder.
    started.callback(client.close)
    live = LiveState(client, namespace=settings.watch_namespace)
    live.start()
    started.callback(live.stop)
    inputs = Inputs(client)
    started.callback(inputs.stop)
    recorder = Recorder(client.connection, instance=socket.gethostname())
    recorder.start()
    started.callback(recorder.stop)
    return Cluster(client=client, live=live, inputs=inputs, events=recorder)
