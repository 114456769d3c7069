"""The MCP server for the code of repositories at the forge, as it is at a build, branch, tag or commit."""
