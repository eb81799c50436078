"""Deployments: ReplicaSets made, scaled and retired, as Kubernetes' deployment controller does it."""
