"""The variables of this server. Standard library only, as `ci_mcp_kit.variables`."""

from __future__ import annotations

from ci_mcp_kit.variables import read_variables
from drone_mcp_build.variables import ROLE_TOOLS, read_drone
from drone_mcp_build.variables import VARIABLES as BUILD_VARIABLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

VARIABLES = (*BUILD_VARIABLES, ROLE_TOOLS)


def read_logs(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return field -> value of `VARIABLES`, checked together.

    Raises:
        SettingsError: a value is wrong, or one is missing.
    """
    return {**read_drone(environment), **read_variables((ROLE_TOOLS,), environment)}
