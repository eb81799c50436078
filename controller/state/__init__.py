"""The database: applications, operations, inventory and history, in TinyDB. The only user of it."""
