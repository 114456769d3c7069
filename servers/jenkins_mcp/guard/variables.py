"""The variables of the changes in Jenkins. Standard library only, as in `ci_mcp_kit.variables`."""

from __future__ import annotations

from ci_mcp_kit.guard import variables as guard
from ci_mcp_kit.variables import SettingsError, Variable, read_list
from jenkins_mcp.variables import read_job_globs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# Repeated from `action.OPERATIONS`, whose module imports more than the standard library.
OPERATION_NAMES = ("trigger", "rebuild", "cancel", "stop")
WRITE_TOKEN = guard.write_token("JENKINS_WRITE_TOKEN")

VARIABLES = (
    guard.mode("JENKINS_MCP_ACTIONS"),
    *WRITE_TOKEN,
    Variable(
        "JENKINS_MCP_ACTION_JOBS",
        "jobs",
        "globs of the jobs that may be changed, like team/** !team/deploy/**",
        read_job_globs,
        "none",
    ),
    guard.operations("JENKINS_MCP_ACTION_OPERATIONS", OPERATION_NAMES),
    Variable(
        "JENKINS_MCP_ACTION_PARAMS",
        "params",
        "globs of the parameters that an agent may set; !glob takes away",
        read_list,
        "those that the job declares",
    ),
    guard.confirm(
        "JENKINS_MCP_ACTION_CONFIRM",
        "the lowest risk to confirm: low (trigger, rebuild), medium (cancel, trigger with parameters) or high (stop)",
    ),
    guard.rate("JENKINS_MCP_ACTION_RATE", "a job"),
    guard.signing_key("JENKINS_MCP_ACTION_KEY"),
    guard.AUDIT,
    *guard.AGENT,
)


def read_guard(environment: Mapping[str, str], *, needs_token: bool = True) -> dict[str, Any]:
    """Return field -> value of `VARIABLES`; the token that may write is read in mode `on` only.

    Args:
        environment: where they are read.
        needs_token: whether the token has to be among them; it can be in the configuration file instead.

    Raises:
        SettingsError: a value is wrong, or mode is `on` and a required value is missing.
    """
    return guard.read_guard(VARIABLES, environment, scopes="jobs", example="team/**", needs_token=needs_token)


def check_writer(values: Mapping[str, Any], username: str | None) -> None:
    """Check that the user of the token that may write is known.

    Args:
        values: field -> value, of the guard or of one Jenkins.
        username: of the Jenkins.

    Raises:
        SettingsError: it is not.
    """
    token = values.get("write_token")
    is_given = token is not None or values.get("write_token_file") is not None
    if is_given and not username and not (token is not None and ":" in token.reveal()):
        name = WRITE_TOKEN[0].name
        raise SettingsError(
            f"JENKINS_USERNAME is not set: Jenkins takes {name} together with the name of its user", "JENKINS_USERNAME"
        )
