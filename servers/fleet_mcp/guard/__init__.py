"""The operations on agents, and the rules of a role for them."""
