"""Containers on nodes: what runs where, what would change, and changes through the guard."""
