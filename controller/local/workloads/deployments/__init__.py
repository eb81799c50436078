"""Deployments: ReplicaSets made, scaled and retired as Kubernetes' controller does it."""
