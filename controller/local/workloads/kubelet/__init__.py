"""The node: pods as groups of ordinary processes of this machine."""
