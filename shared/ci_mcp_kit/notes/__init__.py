"""Short notes and leases that all processes at one address share, whatever they are about.

Modules:
    notes    Notes: what every kind does
    memory   the notes of one process
    sqlite   the notes of one machine, in a file
    redis    the notes of many machines
    opening  SharedNotes: the notes at an address, opened when they are first needed
"""
