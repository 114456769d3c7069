"""Checks which of the rights that its tools need each token of the server has, without changing anything.

Coder tells by itself what a token may do, as far as its scopes and the roles of its user decide
(coder/coder v2.36.0, coderd/authorize.go).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_kit.access_check import Finding
from ci_mcp_kit.errors import AuthenticationFailed, NotFound, PermissionDenied
from coder_client import calls
from coder_client.errors import CODER, CODER_WRITES, NotOffered
from fleet_mcp.access import FleetAccess, coder_options, connect
from fleet_mcp.writing.tools import OPERATION_OF

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_mcp_http.transport import Transport
    from ci_mcp_kit.errors import Service
    from fleet_mcp.settings import FleetSettings

ACCESS: Final = "coder:workspaces.access"
# Action on a workspace -> the composite scope that grants it (coderd/rbac/scopes_catalog.go).
SCOPE_OF: Final = {
    "read": ACCESS,
    "application_connect": ACCESS,
    "start": "coder:workspaces.operate",
    "stop": "coder:workspaces.operate",
    "create": "coder:workspaces.create",
    "delete": "coder:workspaces.delete",
}
ACTIONS_OF: Final = {
    "create": ("create",),
    "start": ("start", "application_connect"),
    "message": ("application_connect",),
    "stop": ("stop", "application_connect"),
    "link": ("start", "stop"),
    "delete": ("delete",),
}


async def check_access(settings: FleetSettings) -> list[Finding]:
    """Return what was found about the token that reads and, where it is read, the one that changes.

    Raises:
        ServiceError: Coder cannot be asked.
    """
    limited = settings.guard.limit_to_tools(OPERATION_OF, settings.tools).rules
    operations = limited.operations if limited.mode != "off" else frozenset[str]()
    access = FleetAccess(settings)
    try:
        coder = await access.client()
        templates = await coder.send(calls.list_templates())
        organization = templates[0].organization_id if templates else ""
        found = [await _check_rights(coder, CODER, ("read", "application_connect"), organization)]
        if "create" in operations:
            # Creations need a scope of its own: parameters are evaluated for the owner.
            try:
                await coder.send(calls.get_user())
            except (NotFound, PermissionDenied):
                detail = f"{CODER.token} may not read its own user, so Coder does not evaluate parameters for it"
                found.append(Finding("failed", detail, "Make a token that has the scope user:read, too"))
        if limited.mode == "on":
            found.append(await _check_writer(settings, access, operations, organization))
        return found
    finally:
        await access.close()


async def _check_writer(
    settings: FleetSettings, access: FleetAccess, operations: frozenset[str], organization: str
) -> Finding:
    guarded = settings.guard
    options = coder_options(settings, guarded.write_token, guarded.write_token_file, settings.retries, writes=True)
    writer = connect(options, access.gate)  # which lets nothing through that changes anything
    actions = dict.fromkeys(action for name in sorted(operations) for action in ACTIONS_OF[name])
    try:
        return await _check_rights(writer, CODER_WRITES, actions, organization)
    finally:
        await writer.aclose()


async def _check_rights(coder: Transport, token: Service, actions: Iterable[str], organization: str) -> Finding:
    try:
        rights = await coder.send(calls.check_rights(actions, organization))
    except AuthenticationFailed as error:
        fix = f"Make a new one with 'coder tokens create', and set {token.token} or {token.token_file} to it"
        return Finding("failed", f"{token.token}: {error.message}", fix)
    except NotOffered:
        return Finding("skipped", f"{token.token}: this Coder server does not say what a token may do")
    lacking = [action for action, is_granted in rights.items() if not is_granted]
    if not lacking:
        return Finding("ok", f"{token.token} has the rights to {', '.join(rights)} workspaces")
    scopes = ", ".join(sorted({SCOPE_OF[action] for action in lacking}))
    return Finding(
        "failed",
        f"{token.token} lacks the right to {', '.join(lacking)} workspaces",
        f"Make a token with the scope {scopes}, of a user whose roles grant it, or leave out the tools that need it",
    )
