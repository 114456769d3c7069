"""Run the simulator: `python -m coder_simulator`."""

from ci_mcp_kit.import_isolation import use_own_packages


def main() -> None:
    """Run the command line."""
    use_own_packages("coder_simulator")
    from coder_simulator.cli import main as run  # noqa: PLC0415 - with the packages that were just chosen

    run()


if __name__ == "__main__":
    main()
