"""The name, the variables and the role-file keys of the guard of issues and pull requests."""

from __future__ import annotations

from ci_mcp_kit.guard.spec import REPO_GLOB, GuardSpec, list_of, make_keys
from forge_access.guard_variables import OPERATION_NAMES, VARIABLES
from forge_client.errors import FORGE
from forge_issues.guard.action import OPERATIONS

FORGE_GUARD = GuardSpec(
    service=FORGE.name,
    thing="issue",
    evidence="the newest issues and comments",
    scope="repo",
    scopes="repos",
    scope_words="repositories",
    operations=OPERATIONS,
    variables=VARIABLES,
    keys=make_keys(
        OPERATION_NAMES,
        "a repository",
        {"repos": list_of("Repositories that may be written to, owner/name with * as wildcard.", REPO_GLOB)},
    ),
)
