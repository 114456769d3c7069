"""The guard of Jenkins: the operations on jobs, builds and queue items, and the rules of a role for them."""
