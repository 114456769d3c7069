"""The variables of this server, next to those of Drone. Standard library only, as `ci_mcp_kit.variables`."""

from __future__ import annotations

from ci_mcp_kit.variables import Variable, read_file, read_variables
from drone_mcp_build.variables import VARIABLES as BUILD_VARIABLES
from drone_mcp_build.variables import read_drone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

OWN_VARIABLES = (
    Variable(
        "DRONE_MCP_ALERT_RULES",
        "rules_file",
        "the path of a file with alert rules",
        read_file,
        "the rules that come with it",
    ),
)
VARIABLES = (*BUILD_VARIABLES, *OWN_VARIABLES)


def read_observe(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return field -> value of `VARIABLES`, checked together.

    Raises:
        SettingsError: a value is wrong, DRONE_SERVER is missing, or a token is given twice.
    """
    return {**read_drone(environment), **read_variables(OWN_VARIABLES, environment)}
