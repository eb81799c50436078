"""The local cluster: the Kubernetes API and pods as processes, on one machine, without Kubernetes.

`apiserver` speaks the Kubernetes API over HTTPS and keeps the objects, `workloads` makes them run,
`process` puts both into one process and `supervisor` starts and stops that process. The rest of the
controller reaches it as it reaches any cluster, through a kubeconfig, and nothing there knows that
it exists; therefore nothing here imports from there, save objects, errors and telemetry.
"""
