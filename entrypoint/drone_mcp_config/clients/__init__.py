"""The configuration files of MCP clients: their places, their formats, and changes to them."""
