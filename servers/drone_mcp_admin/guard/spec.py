"""The name, the variables and the role-file keys of the guard of administration."""

from __future__ import annotations

from ci_mcp_kit.guard.spec import GuardSpec, allow_key, list_of, make_keys
from drone_mcp_admin.guard.action import OPERATIONS
from drone_mcp_admin.guard.variables import OPERATION_NAMES, SCOPE, VARIABLES
from drone_mcp_client.errors import DRONE

_SCOPE = {"type": "string", "pattern": f"^{SCOPE}$", "maxLength": 300}
_PLACE = {
    "type": "string",
    "pattern": r"^[^\s,=${}'\"`\u201c][^\s,=${}]*/[A-Za-z0-9_.-]+=[^\s,${}]+$",
    "maxLength": 500,
}
_FOLDER = {
    "type": "string",
    "pattern": r"^/[^\s${}]+$",
    "maxLength": 1000,
    "description": "Folder for new tokens. None are made when left out.",
}

ADMIN_GUARD = GuardSpec(
    service=DRONE.name,
    thing="setting",
    evidence="what Drone shows of it",
    scope="scope",
    scopes="scopes",
    scope_words="repositories and namespaces",
    operations=OPERATIONS,
    variables=VARIABLES,
    keys=make_keys(
        OPERATION_NAMES,
        "a repository, a namespace or the server",
        {"scopes": list_of("What may be changed: owner/name with * as wildcard, org:NAMESPACE, server.", _SCOPE)},
        secrets=list_of("Where values of secrets come from: octo/*/NAME=/path or org:octo/NAME=VARIABLE.", _PLACE),
        token_folder=_FOLDER,
        trusted=allow_key("Whether repositories may be made trusted."),
        admins=allow_key("Whether users may be made system administrators."),
    ),
)
