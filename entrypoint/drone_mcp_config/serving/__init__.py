"""Roles over HTTP: who calls, as whom, and which of their servers answers."""
