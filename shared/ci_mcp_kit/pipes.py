"""The two pipes between a client and its server: what comes in, and what goes out. Standard library only.

The SDK's server reads and writes through these too, because its own way of reading cannot be ended: a thread reads
standard input and nothing interrupts it, so after a signal the process would clean up and then hang until its client
closes the pipe (https://github.com/modelcontextprotocol/python-sdk/issues/2663).

The input ends when the client closes the pipe, when a signal says so (`Input.end`), or when the process that started
this one has died: something else may hold the pipe open then, such as a program that the client has left behind.
"""

from __future__ import annotations

import contextlib
import io
import os
import select
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

STDIN, STDOUT, STDERR = 0, 1, 2
SIGNALS = (signal.SIGINT, signal.SIGTERM)  # how clients end a server
CHUNK = 2**16
_AT_ONCE = 4096  # bytes that a writable pipe takes without blocking (PIPE_BUF in pipe(7))
_GLANCE = 2.0  # seconds between two looks at whether the parent lives
_INIT = 1  # the process that takes in orphans
WINDOWS = sys.platform == "win32"  # its select() takes sockets only, so there nothing but the client ends a read


class Input(io.RawIOBase):
    """What the client sends, as a raw stream.

    Attributes:
        was_told_to_end: whether it has ended for another reason than that the client closed it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._source = STDIN
        self._waiting = memoryview(b"")
        self.was_told_to_end = False
        self._parent = _INIT if WINDOWS else os.getppid()
        self._alarm, self._bell = (-1, -1) if WINDOWS else os.pipe()
        if not WINDOWS:
            os.set_blocking(self._bell, False)

    def end_at_signals(self) -> None:
        """End the input when one of `SIGNALS` comes. Only for the main thread, and not on Windows.

        Python runs a handler between two instructions of the main thread, so a signal that comes just before that
        thread blocks would wait until it wakes (https://docs.python.org/3/library/signal.html, "Execution of Python
        signal handlers"). The alarm is written to as soon as the signal comes, and wakes whoever reads.
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
        """Return what has come, after waiting for it; b"" at the end."""
        try:
            while not self.was_told_to_end:
                if WINDOWS or self._wait([self._source]):
                    return os.read(self._source, CHUNK)
        except OSError:  # there is no standard input, or it broke
            self.was_told_to_end = True
        return b""

    def reserve(self, first: bytes) -> None:
        """Take the pipe away from the rest of this process and from its children, who find an empty standard input.

        From now on `first` is read before what comes.
        """
        self._waiting = memoryview(first)
        with contextlib.suppress(OSError):
            self._source = os.dup(STDIN)
            empty = os.open(os.devnull, os.O_RDONLY)
            os.dup2(empty, STDIN)
            os.close(empty)

    def wait_for_end(self) -> None:
        """Wait until the input has ended, whether or not it has been read. Not on Windows."""
        hung_up = select.poll()
        hung_up.register(self._source, 0)  # tells of the end alone, and not of what is there to read
        hung_up.register(self._alarm, select.POLLIN)
        while not self.was_told_to_end and not hung_up.poll(_GLANCE * 1000) and not self._is_orphan():
            pass

    def send(self, data: bytes) -> bool:
        """Write `data` for the client; False where the input has ended before it took all, or it takes no more."""
        try:
            while data and (WINDOWS or self._wait([], [STDOUT])):
                data = data[os.write(STDOUT, data[:_AT_ONCE]) :]
        except OSError:
            self.was_told_to_end = True
        return not data

    def send_last(self, data: bytes) -> None:
        """Write `data`, which is short, to a client that may be gone: only if that takes no waiting."""
        with contextlib.suppress(OSError):
            if data and (WINDOWS or select.select([], [STDOUT], [], 0)[1]):
                os.write(STDOUT, data[:_AT_ONCE])

    def _wait(self, sources: list[int], targets: list[int] | None = None) -> bool:
        """Wait until one of the descriptors is ready; False where the input has ended meanwhile."""
        while not self.was_told_to_end:
            readable, writable, _ = select.select([self._alarm, *sources], targets or [], [], _GLANCE)
            if self._alarm not in readable and (readable or writable):
                return True
            self.was_told_to_end = bool(readable) or self._is_orphan()
        return False

    def _is_orphan(self) -> bool:
        return self._parent != _INIT and os.getppid() != self._parent

    def readable(self) -> bool:
        """Tell that this is for reading."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read into `buffer` and return how many bytes; 0 at the end."""
        if not self._waiting:
            self._waiting = memoryview(self.receive())
        view = memoryview(buffer).cast("B")
        count = min(len(view), len(self._waiting))
        view[:count] = self._waiting[:count]
        self._waiting = self._waiting[count:]
        return count


class Output(io.RawIOBase):
    """What goes to the client, as a raw stream: whole lines, of which `passes` may hold some back.

    From now on standard output leads to standard error, for the rest of this process and its children.
    """

    def __init__(self, passes: Callable[[bytes], bool]) -> None:
        super().__init__()
        self._passes = passes
        self._begun = bytearray()
        self._target = STDOUT
        with contextlib.suppress(OSError):
            self._target = os.dup(STDOUT)
            os.dup2(STDERR, STDOUT)

    def writable(self) -> bool:
        """Tell that this is for writing."""
        return True

    def write(self, data: Any, /) -> int:
        """Take `data`, and write the lines that it completes."""
        self._begun += data
        *lines, rest = bytes(self._begun).split(b"\n") if b"\n" in self._begun else [self._begun]
        self._begun = bytearray(rest)
        for line in lines:
            if self._passes(bytes(line)):
                self._write_all(bytes(line) + b"\n")
        return len(data)

    def _write_all(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._target, view) :]
