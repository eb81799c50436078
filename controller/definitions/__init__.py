"""The language of an agents repository: parse, resolve, and what is wrong, with positions."""
