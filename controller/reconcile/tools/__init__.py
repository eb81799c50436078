"""Tool servers: which there are, how they are reached, and what is known of their tools."""
