"""Work queue, triggers and loop, and the story of one reconcile."""
