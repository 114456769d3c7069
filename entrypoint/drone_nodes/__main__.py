"""Run the command line: `python -m drone_nodes`."""

import os

from ci_mcp_kit.import_isolation import use_own_packages


def main() -> None:
    """Run the command line."""
    use_own_packages("drone_nodes")
    # gRPC writes failed connections to standard error by itself; the command says them in its own words.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from drone_nodes.cli.main import PROGRAM, app  # noqa: PLC0415 - with the packages that were just chosen

    app(prog_name=PROGRAM)


if __name__ == "__main__":
    main()
