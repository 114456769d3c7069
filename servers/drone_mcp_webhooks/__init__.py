"""Receives Drone's webhooks and keeps the build state correct: an HTTP service, not an MCP server."""
