"""The variables of this server. Standard library only, as in `ci_mcp_kit.variables`: they are read before all else."""

from __future__ import annotations

from ci_mcp_http import variables as service
from ci_mcp_kit.guard import variables as guard
from ci_mcp_kit.variables import EAGER, LOG_FORMAT, LOG_LEVEL, STATE, TOOLS, Variable, read_list

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# In the order in which --help shows them.
VARIABLES = (
    service.server("SLIPWAY_SERVER", "Slipway", "SLIPWAY_TOKEN"),
    *service.token("SLIPWAY_TOKEN", "an access token of Slipway"),
    TOOLS,
    STATE,
    *service.connection("SLIPWAY_"),
    LOG_LEVEL,
    LOG_FORMAT,
    EAGER,
)

# Here and not in `guarding`, which imports more than the first answers may load.
OPERATION_NAMES = ("stop",)
GUARD_VARIABLES = (
    guard.mode("SLIPWAY_ACTIONS"),
    *guard.write_token("SLIPWAY_WRITE_TOKEN"),
    Variable("SLIPWAY_ACTION_APPS", "apps", "globs of the applications that may be changed", read_list, "none"),
    guard.operations("SLIPWAY_ACTION_OPERATIONS", OPERATION_NAMES),
    guard.confirm("SLIPWAY_ACTION_CONFIRM", "the lowest risk to confirm: low, medium or high (stop)"),
    guard.rate("SLIPWAY_ACTION_RATE", "an application"),
    guard.signing_key("SLIPWAY_ACTION_KEY"),
    guard.AUDIT,
    *guard.AGENT,
)


def read_slipway(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return field -> value of `VARIABLES`, checked together.

    Raises:
        SettingsError: a value is wrong, the address is missing, or the token is given twice.
    """
    return service.read_service(VARIABLES, environment)


def read_guard(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return field -> value of `GUARD_VARIABLES`; outside of mode `on` the token that may write is not looked at.

    Raises:
        SettingsError: a value is wrong, or mode is `on` and something that it requires is missing.
    """
    return guard.read_guard(GUARD_VARIABLES, environment, scopes="apps", example="web-*")
