"""The published schemas of Kubernetes' own kinds: what may be written without asking a cluster."""
