"""Programs run one after the other in the foreground, as an init process runs them: signals passed on, orphans reaped.

All signals that matter are blocked and waited for in one place, so that none can come between two steps: what arrives
while nothing runs waits for the next program. The programs stay in this process's group; a terminal's job control sees
them as it would without us.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

FORWARDED = frozenset(
    {
        signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH,
    }
)  # fmt: skip
ENDING = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT})
SENT_BY_TERMINALS = frozenset({signal.SIGINT, signal.SIGQUIT, signal.SIGWINCH})
BY_KERNEL = 0x80  # SI_KERNEL of sigaction(2): for these signals, a key or a new size of the terminal
IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)

SIGNALLED = 128  # and the number of the signal, as shells have it
NOT_EXECUTABLE = 126
NOT_FOUND = 127


class Foreground:
    """Runs one program at a time. Signals stay blocked in this process from its making on.

    Attributes:
        told_to_end: what a shell exits with after the last signal that meant to end the program; 0: none came.
    """

    def __init__(self) -> None:
        self.told_to_end = 0
        self._waited_for = FORWARDED | {signal.SIGCHLD}
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, self._waited_for)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # inherited as ignored, it would take exit statuses from us

    def run(
        self, command: Sequence[str], environment: Mapping[str, str], *, aside: tuple[int, int] | None = None
    ) -> int:
        """Run a program to its end and return its exit code, as a shell would.

        Args:
            command: the program, looked for on PATH, and its arguments.
            environment: all of its environment.
            aside: descriptors to write to in place of standard output and error; then it has no input either.

        Raises:
            OSError: it cannot be started.
        """
        pid = os.posix_spawnp(
            command[0],
            [*command],
            environment,
            file_actions=_turned(*aside) if aside else [],
            setsigmask=self._mask,
            setsigdef=IGNORED_BY_PYTHON,
        )
        return self._attend(pid)

    def call(self, work: Callable[[], int]) -> int:
        """Run a function as a program of its own: what it loads is gone with it, and a signal can end it."""
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        return self._attend(pid) if pid else self._become(work)

    def _become(self, work: Callable[[], int]) -> NoReturn:
        code = 1
        try:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
            code = work()
            sys.stdout.flush()
            sys.stderr.flush()
        except BaseException:  # noqa: BLE001 - this process is a copy: nothing of it may get back to the caller
            traceback.print_exc()
        finally:
            os._exit(code)

    def _attend(self, pid: int) -> int:
        while (code := _reap(pid)) is None:
            came = signal.sigwaitinfo(self._waited_for)
            if came.si_signo in ENDING:
                self.told_to_end = SIGNALLED + came.si_signo
            if came.si_signo in FORWARDED and not _from_terminal(came):
                os.kill(pid, came.si_signo)
        return code


def _turned(output: int, errors: int) -> list[tuple[Any, ...]]:
    """Say which streams a program has in place of ours."""
    nothing = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    return [nothing, (os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, errors, 2)]


def _from_terminal(came: signal.struct_siginfo) -> bool:
    """Tell whether the terminal has sent it to its whole group already, the program included."""
    return came.si_signo in SENT_BY_TERMINALS and came.si_code == BY_KERNEL


def _reap(wanted: int) -> int | None:
    """Take every child that has ended, those left to us by others as well; return the exit code of `wanted`."""
    code = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if pid == 0:
            return code
        if pid == wanted:
            code = _exit_code(status)


def _exit_code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else SIGNALLED - code


def code_of(error: OSError) -> int:
    """Return what a shell exits with when it cannot start a program."""
    return NOT_FOUND if error.errno == errno.ENOENT else NOT_EXECUTABLE
