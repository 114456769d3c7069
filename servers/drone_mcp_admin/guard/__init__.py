"""The guard of administration: its operations, the rules of a role for them, and the places of secret values."""
