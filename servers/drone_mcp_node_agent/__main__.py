"""Run the daemon's command line: `python -m drone_mcp_node_agent`."""

import os

from ci_mcp_kit.import_isolation import use_own_packages


def main() -> None:
    """Run the command line."""
    use_own_packages("drone_mcp_node_agent")
    # gRPC writes ended connections to standard error by itself, where each line of the daemon's log is JSON
    # (grpc/grpc, doc/environment_variables.md).
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from drone_mcp_node_agent.cli import main as run  # noqa: PLC0415 - with the packages that were just chosen

    run()


if __name__ == "__main__":
    main()
