"""Run the logs server: `python -m drone_mcp_logs`. It loads only what its first answers need."""

from ci_mcp_kit.front.start import start
from drone_mcp_logs.variables import read_logs


def main() -> None:
    """Serve over stdin and stdout, or do what the arguments say."""
    start("drone_mcp_logs", read_logs)


if __name__ == "__main__":
    main()
