"""Run the fleet server: `python -m fleet_mcp`. It imports only the modules that the first answers need."""

from ci_mcp_kit.front.start import start
from fleet_mcp.variables import read_fleet, read_guard


def main() -> None:
    """Serve over stdin and stdout, or do what the arguments say."""
    start("fleet_mcp", read_fleet, read_guard)


if __name__ == "__main__":
    main()
