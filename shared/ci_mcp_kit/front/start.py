"""Starts a server process: as the front, until a message comes that only the server can answer.

Standard library only, until then.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from importlib import import_module

from ci_mcp_kit import pipes
from ci_mcp_kit.front import surface as surfaces
from ci_mcp_kit.front.conversation import Conversation, split_lines
from ci_mcp_kit.front.takeover import Handover
from ci_mcp_kit.import_isolation import use_own_packages
from ci_mcp_kit.variables import SettingsError, read_process, read_tools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from ci_mcp_kit.front.surface import Surface

    Reader = Callable[[Mapping[str, str]], dict[str, Any]]

WAITS = "This server waits for an MCP client on standard input (Ctrl-D ends it); see --help.\n"  # for people
_LONGEST_PIECE = 2**18  # bytes of an incomplete line; the front answers none that is longer


def start(package: str, *readers: Reader) -> None:
    """Run the server of a package: over stdin and stdout, or as the arguments of the process say.

    Args:
        package: the import package of the server; its module `server` has the `main` function.
        readers: read its variables and those of the process; each raises SettingsError. A value `surface_fits` that is
            False says that the tools differ from those of the surface.
    """
    use_own_packages(package)
    # httpx goes without its command line where this import fails (httpx/__init__.py, 0.28). With it come rich and
    # pygments: 40 ms and 6 MiB until the first request is answered.
    sys.modules["httpx._main"] = None  # type: ignore[assignment]  # the documented way to make an import fail
    gc.disable()  # takes a tenth of the start and finds nothing while modules load; `ci_mcp_kit.app.run` enables it
    # --help, --http and the rest are the business of the parser in `ci_mcp_kit.app`.
    if sys.argv[1:]:
        _server_of(package).main()
        return
    if os.isatty(0):
        pipes.write_at_once(pipes.STDERR, WAITS.encode())
    surface = surfaces.load(package)
    stdin = pipes.Input()
    if surface is None:
        _server_of(package).main(Handover(stdin))
        return
    values, fault = _read_environment(surface, readers)
    if not values.get("surface_fits", True):
        _server_of(package).main(Handover(stdin))
        return
    if fault is not None:
        surface.explain(fault)
        pipes.write_at_once(pipes.STDERR, f"{surface.command}: {fault}\n".encode())
    if pipes.WINDOWS:
        _exit_at_signals()
    else:
        stdin.end_at_signals()
    conversation = Conversation(surface)
    rest = _converse(stdin, conversation, package if values.get("eager") else None)
    if rest is None:
        # os._exit() because nothing is open here, and a thread that loads the server early would hold up the end.
        pipes.write_at_once(pipes.STDOUT, conversation.farewell())
        os._exit(0)
    # While the server is loaded nobody reads the input, so a signal could not end the process through it.
    _exit_at_signals()
    _server_of(package).main(Handover(stdin, conversation, rest, reported=fault is not None))


def _exit_at_signals() -> None:
    """Make signals end the process at once: neither the front nor a server that loads has anything to close."""
    for number in pipes.SIGNALS:
        signal.signal(number, lambda *_: os._exit(0))


def _read_environment(surface: Surface, readers: Sequence[Reader]) -> tuple[dict[str, Any], SettingsError | None]:
    """Check the environment and narrow the surface to the allowed tools.

    Returns:
        The values that were read, and the error, if any.
    """
    fault: SettingsError | None = None
    values: dict[str, Any] = {}
    try:
        for read in readers or (read_process,):
            values |= read(os.environ)
    except SettingsError as error:
        fault = error
    try:
        surface.narrow(read_tools(os.environ))
    except SettingsError as error:
        fault = fault or error
    return values, fault


def _converse(stdin: pipes.Input, conversation: Conversation, load_early: str | None) -> bytes | None:
    """Answer the client; return the data that needs the server, or None if the client has left before.

    Args:
        stdin: the client's messages; answers go to standard output.
        conversation: the conversation so far.
        load_early: the package to load as soon as the tools have been listed, if any.
    """
    data = b""
    while received := stdin.receive():
        said, data, needs_server = split_lines(data + received, conversation.answer)
        if not stdin.send(said):
            return None
        if needs_server or len(data) > _LONGEST_PIECE:
            return data
        if load_early and conversation.lists_told:
            from threading import Thread  # noqa: PLC0415 - rarely used

            # daemon: when the client leaves, the process does not wait for the import.
            Thread(target=_server_of, args=[load_early], daemon=True).start()
            load_early = None
    # A line that a signal has cut short is not answered, and not worth loading the server for.
    if not data or stdin.was_told_to_end:
        return None
    said, data, needs_server = split_lines(data + b"\n", conversation.answer)  # a last line without a line end
    stdin.send(said)
    return data if needs_server else None


def _server_of(package: str) -> Any:
    from pydantic import BaseModel  # noqa: PLC0415 - the front itself needs only the standard library

    # A model makes its validator on first use then (pydantic's documentation, "Configuration", `defer_build`). The SDK
    # has hundreds of models, for three versions of the protocol, of which a connection uses a few.
    BaseModel.model_config["defer_build"] = True
    return import_module(f"{package}.server")
