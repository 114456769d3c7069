"""The name, the variables and the role-file keys of the guard of Jenkins."""

from __future__ import annotations

from ci_mcp_kit.guard.spec import NAME_GLOB, GuardSpec, list_of, make_keys
from jenkins_mcp.client.service_descriptor import JENKINS
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
    keys=make_keys(
        OPERATION_NAMES,
        "a job",
        {"jobs": list_of("Jobs that may be changed; ** stands for folders, !glob takes away.", NAME_GLOB)},
        params=list_of(
            "Parameters that an agent may set; !glob takes away. Those that the job declares when left out.", NAME_GLOB
        ),
    ),
)
