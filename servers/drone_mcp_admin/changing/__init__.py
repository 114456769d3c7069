"""Changes through the guard, a module for each kind of thing: how each is planned, recognised and described.

Each plan compares what is wanted with what Drone has: where nothing differs, nothing is sent. Each answer says what
Drone has afterwards, read again, and names what it dropped.
"""
