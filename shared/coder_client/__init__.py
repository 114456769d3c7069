"""Coder's HTTP API, on `ci_mcp_http`: workspaces, builds, templates, and the AgentAPI behind its app proxy.

models     the data of answers, without what must not leave the process
calls      every request, as data
responses  the meaning of answers, and the errors of those that are no success
errors     Coder as a service
"""
