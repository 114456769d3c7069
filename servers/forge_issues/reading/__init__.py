"""Reads issues and pull requests of the forge, and joins them to builds."""
