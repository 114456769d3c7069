"""The variables of this server, next to those of every server. Standard library only, as `ci_mcp_kit.variables`."""

from __future__ import annotations

import re

from ci_mcp_kit.variables import Variable, read_file, read_list


def _tools(text: str) -> frozenset[str]:
    names = read_list(text)
    if not names or not all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names):
        raise ValueError
    return frozenset(names)


VARIABLES = (
    Variable(
        "DRONE_MCP_POLICY_RULES", "rules_file", "the path of a rule file", read_file, "the rules that come with it"
    ),
    Variable(
        "DRONE_MCP_ROLE_TOOLS",
        "role_tools",
        "names of all tools that the agent has, of whatever server, to name the next step by",
        _tools,
        "next steps name no tool",
    ),
)
