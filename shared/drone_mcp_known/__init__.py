"""Answers about builds from the store instead of Drone, only for a token that may read the repository."""
