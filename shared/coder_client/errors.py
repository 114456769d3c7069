"""Coder as a service, and the errors that have more to say about it than those of `ci_mcp_kit.errors`."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ci_mcp_kit import errors
from ci_mcp_kit.errors import Service

CODER: Final = Service(
    name="Coder",
    code="CODER_ERROR",
    address="CODER_URL",
    token="CODER_SESSION_TOKEN",  # noqa: S106 - the name of a variable
    token_file="CODER_SESSION_TOKEN_FILE",  # noqa: S106 - likewise
    token_source="a session token made with 'coder tokens create'",  # noqa: S106 - a place
    # The limits and authorities of a process are the same for every service that it asks.
    ca_file="DRONE_MCP_CA_FILE",
    max_body="DRONE_MCP_MAX_BODY",
    # The project of an agent is the repository that it works on.
    scope="DRONE_MCP_REPOS",
)

CODER_WRITES: Final = replace(CODER, token="CODER_WRITE_TOKEN", token_file="CODER_WRITE_TOKEN_FILE")  # noqa: S106 - names
"""The same service for the client that writes, which has a token of its own."""


class Deleted(errors.NotFound):
    """The workspace was deleted; its builds can still be read."""

    service = CODER
    default_next_step = "Read its history, which is kept"


class NotOffered(errors.ServiceFailed):
    """This version of Coder does not have the route."""

    service = CODER
    default_next_step = "Ask an administrator of Coder which version it is; this server is made for 2.36"


class AgentUnavailable(errors.Conflict):
    """The agent's application does not answer, because its workspace is stopped or not connected."""

    service = CODER
    default_next_step = "Look at the state of the agent, and start it if it is stopped"
