"""The role-file keys of the guard of deployments: those of builds, and two for previews."""

from __future__ import annotations

from dataclasses import replace

from drone_mcp_build.guard.spec import BUILD_GUARD
from drone_mcp_deployments.variables import PREVIEWS, STOP_PARAMETER, VARIABLES

DEPLOY_GUARD = replace(
    BUILD_GUARD,
    variables=VARIABLES,
    keys={
        **BUILD_GUARD.keys,
        "previews": {
            "type": "string",
            "pattern": PREVIEWS,
            "description": "Previews of a repository at once, and how long each lives, like 5/24h (h or d).",
        },
        "preview_stop": {
            "type": "string",
            "pattern": STOP_PARAMETER,
            "description": "The parameter that stops a preview. PREVIEW_ACTION=stop when left out.",
        },
    },
)
