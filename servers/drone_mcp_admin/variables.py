"""The variables of the administration server. Standard library only, as in `ci_mcp_kit.variables`."""

from __future__ import annotations

from ci_mcp_http.variables import read_service
from ci_mcp_kit.variables import Variable, read_file
from drone_mcp_build.variables import VARIABLES as DRONE_VARIABLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

CALLERS = Variable(
    "DRONE_MCP_ADMIN_CALLERS",
    "callers",
    "the path of the callers file of drone-mcp-config serve, to show who is served with which role",
    read_file,
    "callers are not shown",
)
VARIABLES = (*DRONE_VARIABLES, CALLERS)


def read_admin(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return field -> value of `VARIABLES`, checked together.

    Raises:
        SettingsError: a value is wrong, DRONE_SERVER is missing, or the token is given twice.
    """
    return read_service(VARIABLES, environment)
