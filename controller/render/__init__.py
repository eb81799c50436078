"""Definitions and templates in, manifests out; pure, and the same bytes every time."""
