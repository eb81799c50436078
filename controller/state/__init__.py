"""The database, in TinyDB: applications with their history, and what agents keep of conversations.

The only user of TinyDB. `store` has one file per application; `documents` has one per session,
memory or checkpointed thread, behind a journal, because those are written to many times a second.
"""
