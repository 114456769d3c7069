"""The variables of a server that reads from Drone. Standard library only, as `ci_mcp_kit.variables`."""

from __future__ import annotations

import re

from ci_mcp_http import variables as service
from ci_mcp_kit.variables import EAGER, LOG_FORMAT, LOG_LEVEL, STATE, TOOLS, Variable, read_globs, read_list

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def _repo(text: str) -> str:
    if not re.fullmatch(r"[^\s/]+/[^\s/]+", text):
        raise ValueError
    return text


def _tools(text: str) -> frozenset[str]:
    names = read_list(text)
    if not names or not all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names):
        raise ValueError
    return frozenset(names)


ROLE_TOOLS = Variable(
    "DRONE_MCP_ROLE_TOOLS",
    "role_tools",
    "names of all tools that the agent has, of whatever server, to name the next step by",
    _tools,
    "next steps name no tool of another server",
)
"""For a server whose next steps may name tools of other servers."""

VARIABLES = (
    service.server("DRONE_SERVER", "Drone", "DRONE_TOKEN"),
    *service.token("DRONE_TOKEN", "a token from the account page of Drone's user interface"),
    Variable("DRONE_REPO", "repo", "the repository meant where a call names none, as owner/name", _repo),
    Variable("DRONE_MCP_REPOS", "repos", "globs of the visible repositories, like octo/* acme/web", read_globs, "all"),
    TOOLS,
    STATE,
    *service.connection("DRONE_MCP_"),
    LOG_LEVEL,
    LOG_FORMAT,
    EAGER,
)


def read_drone(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return field -> value of `VARIABLES`, checked together.

    Raises:
        SettingsError: a value is wrong, DRONE_SERVER is missing, or the token is given twice.
    """
    return service.read_service(VARIABLES, environment)
