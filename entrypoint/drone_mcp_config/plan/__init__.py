"""What a client starts or reaches for a role, before any format comes into it."""
