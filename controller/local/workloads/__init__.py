"""The workloads of the local cluster: controllers, and a kubelet that runs pods as processes.

`facade.Workloads` is what the process of the cluster starts. Everything runs on its event loop, on
the store that the API server serves:

    informers    watched objects in memory
    queue        keys to visit, one visit per key at a time
    cluster      store, informers and recorder, as controllers are given them
    deployments, replicasets, statefulsets, jobs, cronjobs, endpoints, events   the controllers
    due          which run a CronJob owes, and when it is next
    control      connects controllers with what changes under them
    kubelet      pods: processes, volumes, probes, logs, status
    images       which images run here, and as what
    directory, proxy    service names, the proxy subresource, the forward proxy of pods

What a pod finds different from a real node: its mount paths are elsewhere (see `kubelet.paths`),
and names of services work through `HTTP_PROXY` only (see `proxy`).
"""

from controller.local.workloads.facade import Workloads

__all__ = ["Workloads"]
