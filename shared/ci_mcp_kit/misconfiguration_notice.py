"""The message of a server that cannot work because its environment is wrong. Standard library only.

If a server ends at once, clients show nothing of its standard error; they only say that the connection was closed. So a
server over stdin and stdout starts all the same, and gives the reason where the model and the user can read it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_mcp_kit.variables import SettingsError

NEXT_STEP = (
    "Tell the user: this has to be set right where the MCP client is started, and the client started again; "
    "no other call of this server will work before"
)


def notice(fault: SettingsError, instructions: str) -> str:
    """Return the instructions of a server whose environment is wrong."""
    return f"This server cannot work, and every call of it fails: {fault}. {NEXT_STEP}.\n\n{instructions}"
