"""Checks which scopes the token that writes has. `doctor` itself checks the one that reads, which servers share."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.access_check import Finding
from ci_mcp_kit.errors import AuthenticationFailed
from forge_access.access import ForgeAccess
from forge_client.errors import FORGE_WRITES
from forge_issues.writing.tools import OPERATION_OF, WRITE_SCOPES
from forge_issues.writing.write_access import Writer

if TYPE_CHECKING:
    from forge_issues.settings import IssueSettings

FIX: Final = f"Create a token on the applications page of the forge's user settings, and set {FORGE_WRITES.token} to it"


async def check_access(settings: IssueSettings) -> list[Finding]:
    """Return what was found about the token that writes, nothing where it is not read.

    Raises:
        ServiceError: the forge cannot be asked.
    """
    rules = settings.guard.limit_to_tools(OPERATION_OF, settings.tools).rules
    if rules.mode != "on":
        return []
    access = ForgeAccess(settings, time.time)
    try:
        facts = await Writer(settings, access).read_token()
    except AuthenticationFailed:
        return [Finding("failed", f"The forge does not know {FORGE_WRITES.token}", FIX)]
    finally:
        await access.close()
    scopes = {tool: needed for tool, needed in WRITE_SCOPES.items() if OPERATION_OF[tool] in rules.operations}
    every, name = ", ".join(sorted({scope for needed in scopes.values() for scope in needed})), FORGE_WRITES.token
    if facts is None:
        return [Finding("skipped", f"The forge does not tell the scopes of {name}; the tools need {every}")]
    lacking: dict[str, list[str]] = defaultdict(list)
    for tool, needed in scopes.items():
        for scope in facts.find_missing(*needed):
            lacking[scope].append(tool)
    if not lacking:
        return [Finding("ok", f"{name} is {facts.login}'s, and has the scopes {every or 'needed'}")]
    return [
        Finding("failed", f"{name} lacks the scope {scope}, which these tools need: {', '.join(tools)}", FIX)
        for scope, tools in lacking.items()
    ]
