"""The two pipes between a client and its server, standard input and output. Standard library only.

The input ends when the client closes the pipe, when a signal calls `Input.end`, or when the process that started this
one has died: another process may still hold the pipe open then, such as a program that the client has left behind.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

STDIN, STDOUT, STDERR = 0, 1, 2
SIGNALS = (signal.SIGINT, signal.SIGTERM)  # how clients end a server
CHUNK = 2**16  # bytes, which is what a pipe holds (pipe(7))
_AT_ONCE = 4096  # bytes that a writable pipe takes without blocking (PIPE_BUF in pipe(7))
_GLANCE = 2.0  # seconds between two checks whether the parent is alive
_INIT = 1  # the process that adopts orphans
WINDOWS = sys.platform == "win32"  # its select() takes sockets only, so there nothing but the client ends a read


def write_at_once(descriptor: int, data: bytes) -> None:
    """Write `data`, which is short, unless that would block; the reader may be gone."""
    with contextlib.suppress(OSError, ValueError):  # ValueError: select() takes no descriptor below 0
        if data and (WINDOWS or select.select([], [descriptor], [], 0)[1]):
            os.write(descriptor, data[:_AT_ONCE])


def was_adopted() -> bool:
    """Return whether the process that started this one had died before anything here could remember it.

    A process is in the session of the one that starts it, or begins one of its own (setsid(2)). With another parent in
    another session it has been adopted.
    """
    try:
        return os.getsid(0) not in {os.getpid(), os.getsid(os.getppid())}
    except OSError:  # the parent is out of sight
        return False


class Input:
    """The messages of the client.

    Attributes:
        was_told_to_end: whether it has ended for another reason than that the client has closed it.
    """

    def __init__(self) -> None:
        self._source = STDIN
        self._waiting = b""
        self.was_told_to_end = False
        self._parent = _INIT if WINDOWS else os.getppid()
        self._began_as_orphan = not WINDOWS and was_adopted()
        self._alarm, self._bell = (-1, -1) if WINDOWS else os.pipe()
        if not WINDOWS:
            # A full pipe must not block a signal handler; one byte in it is enough to wake the reader.
            os.set_blocking(self._bell, False)

    def end_at_signals(self) -> None:
        """End the input when one of `SIGNALS` comes. Only for the main thread, and not on Windows.

        Python runs a handler between two instructions of the main thread, so a signal that comes just before that
        thread blocks would wait until it wakes (https://docs.python.org/3/library/signal.html, "Execution of Python
        signal handlers"). The alarm is written to as soon as the signal comes, and wakes the reader.
        """
        signal.set_wakeup_fd(self._bell, warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, lambda *_: self.end())

    def end(self) -> None:
        """End the input. May be called from a signal handler, from any thread, and more than once."""
        self.was_told_to_end = True
        if not WINDOWS:
            with contextlib.suppress(OSError):
                os.write(self._bell, b".")

    def receive(self) -> bytes:
        """Wait for data and return it; b"" at the end of the input."""
        if self._waiting:
            waiting, self._waiting = self._waiting, b""
            return waiting
        try:
            while not self.was_told_to_end:
                if WINDOWS or self._wait([self._source]):
                    return os.read(self._source, CHUNK)
        except OSError:  # there is no standard input, or it broke
            self.was_told_to_end = True
        return b""

    def reserve(self, first: bytes) -> None:
        """Keep the pipe from the rest of this process and from its children, whose standard input is empty from now on.

        `first` is read before anything that the client sends.
        """
        self._waiting = first
        with contextlib.suppress(OSError):
            # A child that reads its standard input would take messages away from the server.
            self._source = os.dup(STDIN)
            empty = os.open(os.devnull, os.O_RDONLY)
            os.dup2(empty, STDIN)
            os.close(empty)

    def wait_for_end(self) -> None:
        """Wait until the input has ended, even if it has not been read. Not on Windows."""
        hung_up = select.poll()
        hung_up.register(self._source, 0)  # no events: poll() reports POLLHUP and POLLERR alone
        hung_up.register(self._alarm, select.POLLIN)
        while not self.was_told_to_end and not hung_up.poll(_GLANCE * 1000) and not self._is_orphan():
            pass

    def send(self, data: bytes) -> bool:
        """Write `data` to the client; return False if the input has ended first, or the client reads no more."""
        try:
            while data and (WINDOWS or self._wait([], [STDOUT])):
                data = data[os.write(STDOUT, data[:_AT_ONCE]) :]
        except OSError:
            self.was_told_to_end = True
        return not data

    def _wait(self, sources: list[int], targets: list[int] | None = None) -> bool:
        """Wait until one of the descriptors is ready; return False if the input has ended first."""
        while not self.was_told_to_end:
            readable, writable, _ = select.select([self._alarm, *sources], targets or [], [], _GLANCE)
            if self._alarm not in readable and (readable or writable):
                return True
            self.was_told_to_end = bool(readable) or self._is_orphan()
        return False

    def _is_orphan(self) -> bool:
        # A process that init itself has started, as in a container, never becomes an orphan.
        return self._began_as_orphan or (self._parent != _INIT and os.getppid() != self._parent)


class Output:
    """The messages for the client: lines for which `passes` returns True.

    From now on standard output is standard error, for the rest of this process and its children.
    """

    def __init__(self, passes: Callable[[bytes], bool]) -> None:
        self._passes = passes
        self._target = STDOUT
        with contextlib.suppress(OSError):
            # print() of a library, or the output of a child, would break the protocol.
            self._target = os.dup(STDOUT)
            os.dup2(STDERR, STDOUT)

    def write_line(self, line: bytes) -> None:
        """Write a line, which has no line end yet."""
        view = memoryview(line + b"\n" if self._passes(line) else b"")
        while view:
            view = view[os.write(self._target, view) :]
