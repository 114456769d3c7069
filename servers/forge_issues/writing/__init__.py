"""Writes issues, comments and pull requests, behind the guard."""
