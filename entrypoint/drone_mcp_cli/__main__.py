"""Run the command line: `python -m drone_mcp_cli`."""

import os
import sys
import threading

from ci_mcp_kit.import_isolation import use_own_packages

PROGRAM = "drone-mcp"
COMPLETES = "_DRONE_MCP_COMPLETE"  # the variable by which a shell asks for completions (Click documentation)

HELP = f"{os.path.dirname(__file__)}/help.ansi"  # noqa: PTH120 - pathlib would take a tenth of the start
HELP_COLUMNS = 80
COMPLETION_SECONDS = 2.0  # for which a shell may stand still after Tab


def main() -> None:
    """Run the command line."""
    use_own_packages("drone_mcp_cli")
    # Without Typer and Rich, which take longer to import than all the rest.
    if sys.argv[1:] == ["--version"]:
        from ci_mcp_kit.front.surface import installed_versions  # noqa: PLC0415 - with the packages just chosen

        sys.stdout.write(f"{PROGRAM} {installed_versions(('drone_mcp',), sys.path)['drone_mcp']}\n")
        return
    if sys.argv[1:] in (["--help"], ["-h"]) and _columns() >= HELP_COLUMNS:
        # The page is the one that Typer wrote; in colours on a terminal that has them.
        with open(HELP, encoding="utf-8") as file:  # noqa: PTH123 - pathlib would take a tenth of the start
            page = file.read()
        if not sys.stdout.isatty() or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb":
            import re  # noqa: PLC0415 - slow to load

            page = re.sub(r"\x1b\[[0-9;]*m", "", page)
        sys.stdout.write(page)
        return
    if COMPLETES in os.environ:
        # The process ends when its time is up, whatever it waits for; and no error reaches the terminal.
        timer = threading.Timer(COMPLETION_SECONDS, os._exit, [0])
        timer.daemon = True
        timer.start()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    from drone_mcp_cli.app import main as run  # noqa: PLC0415 - with the packages that were just chosen

    run()


def _columns() -> int:
    try:
        return os.get_terminal_size(1).columns
    except (OSError, ValueError):  # no terminal
        return HELP_COLUMNS


if __name__ == "__main__":
    main()
