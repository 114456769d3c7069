"""A server process from its start: the front until a message comes that it cannot answer, then the server itself.

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
from ci_mcp_kit.front.opening import Opening
from ci_mcp_kit.variables import SettingsError, read_process, read_tools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from ci_mcp_kit.front.surface import Surface

    Reader = Callable[[Mapping[str, str]], dict[str, Any]]

_LONGEST_PIECE = 2**18  # bytes of a line that is not yet whole; what is longer is no question that the front answers


def start(package: str, *readers: Reader) -> None:
    """Be the server of a package: over stdin and stdout, or as the arguments of the process say.

    Args:
        package: the import package of the server; its module `server` has the real one.
        readers: return the values of its variables, the process's among them; each raises SettingsError.
    """
    gc.disable()  # while modules load there is nothing to collect, and it is a tenth of the start; serving enables it
    if sys.argv[1:]:
        _server_of(package).main()
        return
    surface = surfaces.load(package)
    stdin = pipes.Input()
    if surface is None:
        _server_of(package).main(Opening(stdin))
        return
    eager, fault = _read_environment(surface, readers)
    if fault is not None:
        surface.tell(fault)
        _report(f"{surface.command}: {fault}")
    if pipes.WINDOWS:
        _exit_at_signals()
    else:
        stdin.end_at_signals()
    conversation = Conversation(surface)
    rest = _converse(stdin, conversation, package if eager else None)
    if rest is None:
        stdin.send_last(conversation.farewell())
        os._exit(0)
    _exit_at_signals()
    _server_of(package).main(Opening(stdin, conversation, rest, reported=fault is not None))


def _exit_at_signals() -> None:
    """End the process when a signal comes: neither the front nor a server that loads has anything to close."""
    for number in pipes.SIGNALS:
        signal.signal(number, lambda *_: os._exit(0))


def _read_environment(surface: Surface, readers: Sequence[Reader]) -> tuple[bool, SettingsError | None]:
    """Check the environment and narrow the surface to what it allows.

    Returns:
        Whether to load right after the lists, and what is wrong.
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
    return bool(values.get("eager")), fault


def _converse(stdin: pipes.Input, conversation: Conversation, load_early: str | None) -> bytes | None:
    """Answer what the client says; return what came that needs the server, None where the client left before that.

    Args:
        stdin: from the client; what is said goes to standard output.
        conversation: remembers it.
        load_early: the package to load as soon as the tools were listed.
    """
    data = b""
    while received := stdin.receive():
        said, data, needs_server = split_lines(data + received, conversation.answer)
        if not stdin.send(said):
            return None
        if needs_server or len(data) > _LONGEST_PIECE:
            return data
        if load_early and conversation.lists_told:
            _load_in_background(load_early)
            load_early = None
    if not data or stdin.was_told_to_end:
        return None
    said, data, needs_server = split_lines(data + b"\n", conversation.answer)  # a last line without its end
    stdin.send(said)
    return data if needs_server else None


def _load_in_background(package: str) -> None:
    from threading import Thread  # noqa: PLC0415 - only where it was asked for

    Thread(target=_server_of, args=[package], daemon=True).start()


def _server_of(package: str) -> Any:
    return import_module(f"{package}.server")


def _report(line: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
