"""Notes: short texts with an expiry, and leases, which all processes with the same store share.

Modules:
    base     Notes: the interface
    memory   notes in the memory of one process
    sqlite   notes in a SQLite file, for the processes of one machine
    redis    notes in Redis, for several machines
    opening  SharedNotes: the notes at a URL, opened when they are first needed
"""
