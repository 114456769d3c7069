"""Plans the servers that a client starts or connects to for a role, in no client's format yet."""
