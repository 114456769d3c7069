"""The guard of issues and pull requests: the operations, and the rules of a role for them."""
