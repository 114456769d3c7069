"""The name, the variables and the role-file keys of the guard of builds."""

from __future__ import annotations

from ci_mcp_kit.guard.spec import NAME_GLOB, PARAMS_KEY, REPO_GLOB, GuardSpec, allow_key, list_of, make_keys
from drone_mcp_build.guard.action import OPERATIONS
from drone_mcp_build.guard.variables import OPERATION_NAMES, VARIABLES
from drone_mcp_client.errors import DRONE

BUILD_GUARD = GuardSpec(
    service=DRONE.name,
    thing="build",
    evidence="the newest builds",
    scope="repo",
    scopes="repos",
    scope_words="repositories",
    operations=OPERATIONS,
    variables=VARIABLES,
    keys=make_keys(
        OPERATION_NAMES,
        "a repository",
        {"repos": list_of("Repositories that may be changed, owner/name with * as wildcard.", REPO_GLOB)},
        branches=list_of("Branches whose builds may be touched; !glob takes away. All when left out.", NAME_GLOB),
        targets=list_of("Environments whose deployments may be touched. None when left out.", NAME_GLOB),
        production=list_of(
            "Environments for which a person is always asked. *prod* !preview-* when left out.", NAME_GLOB
        ),
        windows=list_of(
            "When production may be changed, like Mon-Fri/09:00-17:00/Europe/Berlin. Always when left out.",
            {"type": "string", "pattern": r"^[A-Za-z]{3}(-[A-Za-z]{3})?/\d\d:\d\d-\d\d:\d\d/[A-Za-z0-9_+/-]{1,60}$"},
        ),
        red=allow_key("Whether builds that are not green may be deployed."),
        unapproved=allow_key("Whether new builds may pass by an approval."),
        params=PARAMS_KEY,
        debug=allow_key("Whether restarts may use Drone's debug mode."),
    ),
    # Drone's own variables, and the settings that plugins read (https://docs.drone.io/plugins/overview/).
    reserved_params=("DRONE_*", "PLUGIN_*"),
)
