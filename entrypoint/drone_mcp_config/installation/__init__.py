"""The MCP servers of this installation, known by their manifests."""
