"""The variables of this server, next to those of every server. Standard library only, as `ci_mcp_kit.variables`."""

from __future__ import annotations

from ci_mcp_kit.variables import Variable, read_file
from drone_mcp_build.variables import ROLE_TOOLS

VARIABLES = (
    Variable(
        "DRONE_MCP_POLICY_RULES", "rules_file", "the path of a rule file", read_file, "the rules that come with it"
    ),
    ROLE_TOOLS,
)
