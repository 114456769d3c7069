"""The command line `drone-mcp-coder-simulator`: run a simulated Coder."""

from __future__ import annotations

from ci_mcp_simulator.commands import create_application
from coder_simulator.app import serving
from coder_simulator.scenario import load

app = create_application(
    "Coder", load, serving, lambda world: {user.name: list(user.tokens) for user in world.users.values()}
)


def main() -> None:
    """Run the command line."""
    app()
