"""The command line `drone-mcp-jenkins-simulator`: run a simulated Jenkins."""

from __future__ import annotations

from ci_mcp_simulator.commands import create_application
from jenkins_mcp_simulator.app import serving
from jenkins_mcp_simulator.scenario import load

app = create_application(
    "Jenkins", load, serving, lambda world: {user.name: user.token for user in world.users.values()}
)


def main() -> None:
    """Run the command line."""
    app()
