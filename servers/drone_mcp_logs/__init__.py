"""What a build printed: an MCP server that reads and searches step logs of Drone CI."""
