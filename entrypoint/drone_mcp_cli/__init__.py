"""`drone-mcp`, the command for people: the tools of the installed servers on a terminal, without an MCP client.

app          options and help
commands/    each command
toolbox      the tools that can be called, and their servers in this process
calling      one call of a tool, with progress and questions on the terminal
pages/       how the answers of tools look on a terminal
wording      the next steps of answers as commands
completing   the completion of a shell
exit_codes   what the exit code says
"""
