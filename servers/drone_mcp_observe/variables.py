"""The variables of this server, next to those of Drone. Standard library only, as `ci_mcp_kit.variables`."""

from __future__ import annotations

from ci_mcp_kit.variables import Variable, read_file, read_variables
from drone_mcp_build.variables import VARIABLES as BUILD_VARIABLES
from drone_mcp_build.variables import read_drone
from monitoring_client.variables import VARIABLES as MONITORING_VARIABLES
from monitoring_client.variables import read_monitoring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def _read_query(text: str) -> str:
    if len(text) > LONGEST_QUERY or not text.isprintable():
        raise ValueError(f"on one line, up to {LONGEST_QUERY} characters")
    return text


LONGEST_QUERY = 1_000  # characters

OWN_VARIABLES = (
    Variable(
        "DRONE_MCP_ALERT_RULES",
        "rules_file",
        "the path of a file with alert rules",
        read_file,
        "the rules that come with it",
    ),
    Variable(
        "DRONE_MCP_ERROR_QUERY",
        "error_query",
        "a query of the metrics for the error rate of a target; {target} stands for its name",
        _read_query,
    ),
    Variable(
        "DRONE_MCP_LOG_QUERY",
        "log_query",
        "a query of the logs for the errors of a target; {target} stands for its name",
        _read_query,
    ),
)
VARIABLES = (*BUILD_VARIABLES, *MONITORING_VARIABLES, *OWN_VARIABLES)


def read_observe(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return field -> value of the settings, checked together; `monitoring` holds the values of monitoring services.

    Raises:
        SettingsError: a value is wrong, DRONE_SERVER is missing, or a token is given twice.
    """
    own = read_variables(OWN_VARIABLES, environment)
    return {**read_drone(environment), **own, "monitoring": read_monitoring(environment)}
