"""Run the issues server: `python -m forge_issues`. It imports only the modules that the first answers need."""

from ci_mcp_kit.front.start import start
from forge_access.guard_variables import read_guard
from forge_access.variables import read_forge


def main() -> None:
    """Serve over stdin and stdout, or do what the arguments say."""
    start("forge_issues", read_forge, read_guard)


if __name__ == "__main__":
    main()
