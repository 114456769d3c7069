"""The errors of the guard, in addition to `PermissionDenied` and `RateLimited`."""

from __future__ import annotations

from ci_mcp_kit.errors import ServiceError


class WritesDisabled(ServiceError):
    """This process changes nothing. `Rules.disabled` names the variables that decide."""

    code = "WRITES_DISABLED"
    default_next_step = "Whoever runs this server can turn changes on"


class NotConfirmed(ServiceError):
    """The action has to be confirmed and has no valid confirmation."""

    code = "NOT_CONFIRMED"
    default_next_step = "Ask the person you work for; do not try again without them"


class NotesUnavailable(WritesDisabled):
    """Nobody can tell what this agent's other processes have done, so nothing was sent."""

    default_next_step = "Whoever runs this server has to make the store of DRONE_MCP_STATE answer; nothing was sent"
    default_retryable = True


class AuditUnavailable(WritesDisabled):
    """The audit line could not be written, so nothing was sent."""

    default_next_step = "Whoever runs this server has to make DRONE_MCP_AUDIT_LOG writable again; nothing was sent"
