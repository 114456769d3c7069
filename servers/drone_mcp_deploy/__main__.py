"""Run the deployments server: `python -m drone_mcp_deploy`. It imports only the modules that the first answers need."""

from ci_mcp_kit.front.start import start
from drone_mcp_build.variables import read_drone
from drone_mcp_deployments.variables import read_guard


def main() -> None:
    """Serve over stdin and stdout, or do what the arguments say."""
    start("drone_mcp_deploy", read_drone, read_guard)


if __name__ == "__main__":
    main()
