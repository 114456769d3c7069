"""Run the command line: `python -m drone_nodes`."""

from ci_mcp_kit.import_isolation import use_own_packages

PROGRAM = "drone-nodes"


def main() -> None:
    """Run the command line."""
    use_own_packages("drone_nodes")
    import importlib.metadata  # noqa: PLC0415 - with the packages that were just chosen
    import sys  # noqa: PLC0415 - likewise

    sys.stdout.write(f"{PROGRAM} {importlib.metadata.version('drone-mcp')}\n")


if __name__ == "__main__":
    main()
