"""Run the policy server: `python -m drone_mcp_policy`. Nothing is loaded here that its first answers do not need."""

from functools import partial

from drone_mcp_build.variables import read_drone
from drone_mcp_kit.front.start import start
from drone_mcp_kit.variables import read_variables
from drone_mcp_policy.variables import VARIABLES


def main() -> None:
    """Serve over stdin and stdout, or do what the arguments say."""
    start("drone_mcp_policy", read_drone, partial(read_variables, VARIABLES))


if __name__ == "__main__":
    main()
