"""Runs programs one after the other in the foreground, as an init process does.

Signals are forwarded and orphans are reaped. All signals that matter are blocked and waited for in one place, so that
none is lost between two steps: one that arrives while nothing runs is delivered to the next program. The programs stay
in this process's group; a terminal's job control sees them as it would without us. A program with a time limit is the
exception: it gets a session of its own, without a terminal, and its whole group is ended at the limit.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
import traceback
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

FORWARDED = frozenset(
    {
        signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH,
    }
)  # fmt: skip
ENDING = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT})
SENT_BY_TERMINALS = frozenset({signal.SIGINT, signal.SIGQUIT, signal.SIGWINCH})
BY_KERNEL = 0x80  # SI_KERNEL of sigaction(2): for these signals, a key or a new size of the terminal
# A program inherits which signals are ignored. With these ignored it would not end when nobody reads its output any
# more (Python documentation, "subprocess", restore_signals).
IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)
IGNORED_BY_SHELLS = (signal.SIGINT, signal.SIGQUIT)  # in background jobs: POSIX, Shell Command Language, 2.11

SIGNALLED = 128  # plus the number of the signal: POSIX, Shell Command Language, 2.8.2
TIMED_OUT = 124  # as timeout(1) has it
NOT_EXECUTABLE = 126
NOT_FOUND = 127
SECONDS_TO_END = 2.0  # for a program that has reached its limit, between SIGTERM and SIGKILL


class Foreground:
    """Runs one program at a time. Signals stay blocked in this process from the constructor on.

    Attributes:
        end_code: the exit code of a shell after the last signal that was to end the program; 0: none came.
    """

    def __init__(self) -> None:
        self.end_code = 0
        self._spares_one = False
        self._waited_for = FORWARDED | {signal.SIGCHLD}
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, self._waited_for)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # inherited as ignored, it would take exit statuses from us

    def run(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        aside: tuple[int, int] | None = None,
        limit: float | None = None,
    ) -> int:
        """Run a program to its end and return its exit code, as a shell would.

        Args:
            command: the program, looked for on PATH, and its arguments.
            environment: all of its environment.
            aside: descriptors to write to in place of standard output and error; then it has no input either.
            limit: seconds after which the program and all that it has started in its session are ended; the exit code
                is then that of timeout(1).

        Raises:
            OSError: it cannot be started.
        """
        # Not by subprocess, which cannot set the mask of signals: the program would inherit ours, with all of them
        # blocked.
        pid = os.posix_spawnp(
            command[0],
            [*command],
            environment,
            file_actions=_redirections(*aside) if aside else [],
            setsigmask=self._mask,
            # A program that is to end at our signals must not ignore them. SIGHUP stays as it is, for nohup(1).
            setsigdef=IGNORED_BY_PYTHON if limit is None else (*IGNORED_BY_PYTHON, *IGNORED_BY_SHELLS),
            setsid=limit is not None,
        )
        return self._wait(pid) if limit is None else self._wait_until(pid, time.monotonic() + limit)

    @contextmanager
    def finishing(self) -> Iterator[None]:
        """Let programs with a limit go on at the first signal to end, within the block; a second one ends them.

        A container may be stopped at any moment, also in the middle of a push.
        """
        self._spares_one = True
        try:
            yield
        finally:
            self._spares_one = False

    def call(self, work: Callable[[], int]) -> int:
        """Run a function in a forked process: the memory that it takes is freed afterwards, and a signal can end it."""
        # What is still buffered would be written by both processes.
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        return self._wait(pid) if pid else self._exit_with(work)

    def _exit_with(self, work: Callable[[], int]) -> NoReturn:
        code = 1
        try:
            # A signal ends the copy at once, without Python's KeyboardInterrupt and its traceback.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
            code = work()
            sys.stdout.flush()
            sys.stderr.flush()
        except BaseException:  # noqa: BLE001 - this process is a copy: nothing of it may get back to the caller
            traceback.print_exc()
        finally:
            # Without the clean-up of the interpreter: exit handlers and temporary files are the parent's.
            os._exit(code)

    def _wait(self, pid: int) -> int:
        while (code := _reap(pid)) is None:
            # A child that has ended since `_reap` has left a SIGCHLD pending, as it is blocked: no end is missed.
            came = signal.sigwaitinfo(self._waited_for)
            self._note(came)
            # A terminal sends a signal to the whole process group, and so to the program already.
            has_it = came.si_signo in SENT_BY_TERMINALS and came.si_code == BY_KERNEL
            if came.si_signo in FORWARDED and not has_it:
                # The number is still that of our child: it is free for others only once `_reap` has reaped it.
                os.kill(pid, came.si_signo)
        return code

    def _wait_until(self, pid: int, end: float) -> int:
        """Wait for the leader of a session. No key of the terminal reaches it, so every signal to end is forwarded."""
        overdue = False
        while (code := _reap(pid)) is None:
            came = signal.sigtimedwait(self._waited_for, max(0.0, end - time.monotonic()))
            if came is None:
                os.killpg(pid, signal.SIGKILL if overdue else signal.SIGTERM)
                overdue, end = True, time.monotonic() + SECONDS_TO_END
            elif self._note(came):
                if self._spares_one:
                    self._spares_one = False
                else:
                    os.killpg(pid, came.si_signo)
        if not overdue:
            return code
        with suppress(ProcessLookupError):  # raised where all of the group have ended
            os.killpg(pid, signal.SIGKILL)
        return TIMED_OUT

    def _note(self, came: signal.struct_siginfo) -> bool:
        """Remember a signal to end; return whether it is one."""
        if came.si_signo not in ENDING:
            return False
        self.end_code = SIGNALLED + came.si_signo
        return True


def _redirections(output: int, errors: int) -> list[tuple[Any, ...]]:
    """Return the actions by which a program gets other streams than ours."""
    nothing = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    return [nothing, (os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, errors, 2)]


def _reap(wanted: int) -> int | None:
    """Reap every child that has ended, adopted orphans too; return the exit code of `wanted`, None while it runs."""
    code = None
    while True:  # signals of one kind do not queue (signal(7)): one SIGCHLD may stand for several children
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if pid == 0:
            return code
        if pid == wanted:
            code = os.waitstatus_to_exitcode(status)
            code = code if code >= 0 else SIGNALLED - code


def code_of(error: OSError) -> int:
    """Return the exit code of a shell that cannot start a program (POSIX, Shell Command Language, 2.8.2)."""
    return NOT_FOUND if error.errno == errno.ENOENT else NOT_EXECUTABLE
