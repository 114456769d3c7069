"""Modules that several tools use: builds, steps, their logs, and how answers show them."""
