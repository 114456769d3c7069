"""The commands of `drone-mcp-config`, one module each."""
