"""The name, the variables and the role-file keys of the guard of Jenkins."""

from __future__ import annotations

from ci_mcp_kit.guard.spec import (
    AUDIT_KEY,
    CONFIRM_KEY,
    NAME_GLOB,
    SIGNING_KEY,
    GuardSpec,
    list_of,
    operations_key,
    rate_key,
)
from jenkins_mcp.client.errors import JENKINS
from jenkins_mcp.guard.action import OPERATIONS
from jenkins_mcp.guard.variables import OPERATION_NAMES, VARIABLES

JENKINS_GUARD = GuardSpec(
    service=JENKINS.name,
    thing="build",
    evidence="the queue and the newest builds of the job",
    scope="job",
    scopes="jobs",
    scope_words="jobs",
    operations=OPERATIONS,
    variables=VARIABLES,
    keys={
        "jobs": list_of("Jobs that may be changed; ** stands for folders, !glob takes away.", NAME_GLOB),
        "operations": operations_key(OPERATION_NAMES),
        "params": list_of(
            "Parameters that an agent may set; !glob takes away. Those that the job declares when left out.", NAME_GLOB
        ),
        "confirm": CONFIRM_KEY,
        "rate": rate_key("a job"),
        "audit": AUDIT_KEY,
        "key": SIGNING_KEY,
    },
)
