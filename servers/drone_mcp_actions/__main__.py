"""Run the actions server: `python -m drone_mcp_actions`. It imports only the modules that the first answers need."""

from ci_mcp_kit.front.start import start
from drone_mcp_build.guard.variables import read_guard
from drone_mcp_build.variables import read_drone


def main() -> None:
    """Serve over stdin and stdout, or do what the arguments say."""
    start("drone_mcp_actions", read_drone, read_guard)


if __name__ == "__main__":
    main()
