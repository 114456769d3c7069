"""Run the observation server: `python -m drone_mcp_observe`. It imports only what the first answers need."""

from ci_mcp_kit.front.start import start
from drone_mcp_observe.variables import read_observe


def main() -> None:
    """Serve over stdin and stdout, or do what the arguments say."""
    start("drone_mcp_observe", read_observe)


if __name__ == "__main__":
    main()
