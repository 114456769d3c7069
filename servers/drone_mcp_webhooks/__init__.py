"""Receives Drone's webhooks and keeps the build state right: an HTTP service, not an MCP server."""
