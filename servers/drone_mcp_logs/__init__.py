"""An MCP server that reads, searches and diagnoses the step logs of Drone CI."""
