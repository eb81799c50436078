"""Compares with the cluster and carries out plans: waves, health gate, prune."""
