"""Runs an agent with the servers of its role, in a pod or elsewhere, and pushes its work."""
