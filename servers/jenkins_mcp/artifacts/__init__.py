"""The files that builds kept."""
