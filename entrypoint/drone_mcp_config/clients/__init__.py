"""What an MCP client reads: where its file is, how a server is written in it, and how the file is changed."""
