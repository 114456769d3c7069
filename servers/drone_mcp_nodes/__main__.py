"""Run the nodes server: `python -m drone_mcp_nodes`. It imports only the modules that the first answers need."""

from ci_mcp_kit.front.start import start
from drone_mcp_nodes.variables import read_guard, read_variables_of_nodes


def main() -> None:
    """Serve over stdin and stdout, or do what the arguments say."""
    start("drone_mcp_nodes", read_variables_of_nodes, read_guard)


if __name__ == "__main__":
    main()
