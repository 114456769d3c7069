"""`drone-mcp-config`: a role in, the configuration of an MCP client out.

How it flows: `yaml_source` reads a role file with the line of everything in it, `role_model` says what a role file may
hold, `role_loading` follows `extends` and checks the result against what is installed, `plan` turns a role into
servers to start, `clients` writes a server as one client wants it, `documents` merges that into the client's file.
"""
