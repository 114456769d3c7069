"""Run the command line: `python -m drone_mcp_cli`."""

import os
import sys
import threading

from ci_mcp_kit.import_isolation import use_own_packages

PROGRAM = "drone-mcp"
COMPLETES = "_DRONE_MCP_COMPLETE"  # the variable by which a shell asks for completions (Click documentation)

COMPLETION_SECONDS = 2.0  # for which a shell may stand still after Tab


def main() -> None:
    """Run the command line."""
    use_own_packages("drone_mcp_cli")
    if sys.argv[1:] == ["--version"]:  # without Typer, which takes longer to import than all the rest
        from importlib.metadata import version  # noqa: PLC0415 - slow to load

        sys.stdout.write(f"{PROGRAM} {version('drone-mcp')}\n")
        return
    if COMPLETES in os.environ:
        _complete_in_time()
    from drone_mcp_cli.app import main as run  # noqa: PLC0415 - with the packages that were just chosen

    run()


def _complete_in_time() -> None:
    """End the process when its time is up, whatever it waits for; and let no error reach the terminal."""
    timer = threading.Timer(COMPLETION_SECONDS, os._exit, [0])
    timer.daemon = True
    timer.start()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


if __name__ == "__main__":
    main()
