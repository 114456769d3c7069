"""The variables of a server that changes builds. Standard library only, as in `ci_mcp_kit.variables`."""

from __future__ import annotations

from ci_mcp_kit.guard import variables as guard
from ci_mcp_kit.variables import Variable, read_globs, read_list
from drone_mcp_build.guard.windows import parse_window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# Repeated from `action.OPERATIONS`, whose module imports more than the standard library.
OPERATION_NAMES = ("start", "restart", "promote", "rollback", "stop-preview", "stop", "approve", "decline")


def _windows(text: str) -> tuple[str, ...]:
    # Checked here, so that a mistake ends the start and not the first deployment; the rules read them again.
    texts = read_list(text)
    for each in texts:
        parse_window(each)
    return texts


VARIABLES = (
    guard.mode("DRONE_MCP_ACTIONS"),
    *guard.write_token("DRONE_WRITE_TOKEN"),
    Variable("DRONE_MCP_ACTION_REPOS", "repos", "globs of the repositories that may be changed", read_globs, "none"),
    guard.operations("DRONE_MCP_ACTION_OPERATIONS", OPERATION_NAMES),
    Variable(
        "DRONE_MCP_ACTION_BRANCHES",
        "branches",
        "globs of branches whose builds may be touched; !glob takes away",
        read_list,
        "*",
    ),
    Variable(
        "DRONE_MCP_ACTION_TARGETS",
        "targets",
        "globs of environments whose deployments may be touched",
        read_list,
        "none",
    ),
    Variable(
        "DRONE_MCP_ACTION_PRODUCTION",
        "production",
        "globs of environments for which a person is always asked",
        read_list,
        "*prod* !preview-*",
    ),
    Variable(
        "DRONE_MCP_ACTION_WINDOWS",
        "windows",
        "days, hours and time zones in which production may be changed, like Mon-Fri/09:00-17:00/Europe/Berlin",
        _windows,
        "always",
    ),
    guard.allow("DRONE_MCP_ACTION_RED", "red", "deployments of builds that are not green"),
    guard.allow("DRONE_MCP_ACTION_UNAPPROVED", "unapproved", "new builds that pass by an approval"),
    guard.params("DRONE_MCP_ACTION_PARAMS"),
    guard.allow("DRONE_MCP_ACTION_DEBUG", "debug", "restarts in Drone's debug mode"),
    guard.confirm(
        "DRONE_MCP_ACTION_CONFIRM",
        "the lowest risk to confirm: low (start, restart, promote, rollback, stop-preview), medium (approve, decline, "
        "a chosen commit, parameters) or high (stop, production)",
    ),
    guard.rate("DRONE_MCP_ACTION_RATE", "a repository"),
    guard.signing_key("DRONE_MCP_ACTION_KEY"),
    guard.AUDIT,
    *guard.AGENT,
)


def read_guard(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return field -> value of `VARIABLES`; the token that may write is read in mode `on` only.

    Raises:
        SettingsError: a value is wrong, or mode is `on` and a required value is missing.
    """
    return guard.read_guard(VARIABLES, environment, scopes="repos", example="octo/hello")
