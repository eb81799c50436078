"""Desired against live: which fields differ, and how to say so."""
