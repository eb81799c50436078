"""Git: resolve a revision, fetch it, read its files from the object database."""
