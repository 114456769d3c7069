"""Run the Slipway server: `python -m slipway_mcp`. Nothing is loaded here that its first answers do not need."""

from ci_mcp_kit.front.start import start
from slipway_mcp.variables import read_guard, read_slipway


def main() -> None:
    """Serve over stdin and stdout, or do what the arguments say."""
    start("slipway_mcp", read_slipway, read_guard)


if __name__ == "__main__":
    main()
