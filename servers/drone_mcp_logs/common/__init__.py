"""Modules that several tools use: how answers show builds and steps."""
