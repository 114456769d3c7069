"""The variables of a server that writes on the forge. Standard library only, as in `ci_mcp_kit.variables`."""

from __future__ import annotations

from ci_mcp_kit.guard import variables as guard
from ci_mcp_kit.variables import Variable, read_globs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# Those of the server that writes, which brings what each of them does.
OPERATION_NAMES = ("open", "update", "comment", "propose", "report", "track")

VARIABLES = (
    guard.mode("FORGE_MCP_ACTIONS"),
    *guard.write_token("FORGE_WRITE_TOKEN"),
    Variable("FORGE_MCP_ACTION_REPOS", "repos", "globs of the repositories that may be written to", read_globs, "none"),
    guard.operations("FORGE_MCP_ACTION_OPERATIONS", OPERATION_NAMES),
    guard.confirm(
        "FORGE_MCP_ACTION_CONFIRM",
        "the lowest risk to confirm: low (open, comment, report, track), medium (update, propose) or high (none is)",
    ),
    guard.rate("FORGE_MCP_ACTION_RATE", "a repository"),
    guard.signing_key("FORGE_MCP_ACTION_KEY"),
    guard.AUDIT,
    *guard.AGENT,
)


def read_guard(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return field -> value of `VARIABLES`; the token that may write is read in mode `on` only.

    Raises:
        SettingsError: a value is wrong, or mode is `on` and a required value is missing.
    """
    return guard.read_guard(VARIABLES, environment, scopes="repos", example="octo/hello")
