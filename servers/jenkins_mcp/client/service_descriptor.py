"""Jenkins as a service: its name and the variables that say how it is reached."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ci_mcp_kit.errors import Service

JENKINS: Final = Service(
    name="Jenkins",
    code="JENKINS_ERROR",
    address="JENKINS_URL",
    token="JENKINS_API_TOKEN",  # noqa: S106 - the name of a variable
    token_file="JENKINS_API_TOKEN_FILE",  # noqa: S106 - likewise
    token_source='an API token of the user JENKINS_USERNAME (Jenkins: your name, "Security", "API Token")',  # noqa: S106 - a place
    ca_file="JENKINS_CA_CERT",
    max_body="JENKINS_MAX_BODY",
    scope="JENKINS_JOBS",
    scopes="jobs",
)

WRITER: Final = replace(JENKINS, token="JENKINS_WRITE_TOKEN", token_file="JENKINS_WRITE_TOKEN_FILE")  # noqa: S106 - names of variables
"""Jenkins as it is changed: with a token of its own."""
