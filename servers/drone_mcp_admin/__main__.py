"""Run the administration server: `python -m drone_mcp_admin`. It imports only what the first answers need."""

from ci_mcp_kit.front.start import start
from drone_mcp_admin.guard.variables import read_guard
from drone_mcp_admin.variables import read_admin


def main() -> None:
    """Serve over stdin and stdout, or do what the arguments say."""
    start("drone_mcp_admin", read_admin, read_guard)


if __name__ == "__main__":
    main()
