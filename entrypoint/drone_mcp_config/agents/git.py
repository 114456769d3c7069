"""Runs git in the foreground within a time limit, and quotes its output without secrets."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ci_mcp_kit.outgoing_text import Cleaner
from ci_mcp_kit.redact import Redactor
from drone_mcp_config.agents.foreground import TIMED_OUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from drone_mcp_config.agents.foreground import Foreground

LONGEST_QUOTE = 600  # characters of git's output in a message
LONGEST_ANSWER = 2**26  # bytes of git's output that are read; a list of a million files fits
# `!` marks a rejected ref in the output of `git push --porcelain` (git-push(1), OUTPUT).
REASONS = ("!", "fatal:", "error:", "remote:")
# Nobody is there to answer a question. An askpass program of git's own settings (GIT_ASKPASS, core.askPass) stays, as
# it may be a script that has the answer; it gets neither a terminal nor a display, and ends with git's time limit.
UNATTENDED = {
    "GIT_TERMINAL_PROMPT": "0",
    "SSH_ASKPASS": "",
    "SSH_ASKPASS_REQUIRE": "never",
    "GCM_INTERACTIVE": "never",  # Git Credential Manager, docs/environment.md
    # REASONS are words of git's untranslated messages.
    "LC_ALL": "C",
}
LEFT_OUT = frozenset(
    {
        # With these, a dialog could be opened.
        "DISPLAY", "WAYLAND_DISPLAY", "GPG_TTY",
        # These are set within hooks, and name another repository than that of the working directory (githooks(5)).
        "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_PREFIX",
    }
)  # fmt: skip


class GitFailed(Exception):
    """A git command failed, so what it wrote is no answer; the text says why, in git's words and without secrets."""


@dataclass(frozen=True)
class GitResult:
    """The outcome of a git command."""

    code: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.code == 0


@dataclass(frozen=True)
class Git:
    """Runs git in a folder.

    Attributes:
        folder: the top of a work tree, or the working directory until that is known.
        environment: of git: identity, credentials, its own settings.
        secrets: what must not be quoted.
        seconds: the time limit for all its commands together, from when it was made.
    """

    foreground: Foreground
    environment: Mapping[str, str]
    secrets: tuple[str, ...] = ()
    folder: Path = field(default_factory=Path.cwd)
    seconds: float = 60
    began: float = field(default_factory=time.monotonic)

    def within(self, seconds: float) -> Git:
        """Return one with a time limit that begins now."""
        return replace(self, seconds=seconds, began=time.monotonic())

    def at(self, folder: Path) -> Git:
        """Return one for another repository, within the same time."""
        return replace(self, folder=folder)

    def at_top(self) -> Git:
        """Return one for the top of the work tree that the folder is in.

        Raises:
            GitFailed: it is in none.
        """
        return self.at(self._ask_path("--show-toplevel"))

    def path(self, name: str) -> Path:
        """Return the path of a file of git's own: those of a linked work tree are elsewhere (git-worktree(1), DETAILS).

        Raises:
            GitFailed: git fails.
        """
        return self.folder / self._ask_path("--git-path", name)

    def _ask_path(self, *arguments: str) -> Path:
        path = self.ask("rev-parse", *arguments).removesuffix("\n")
        if not path or "\0" in path:
            raise GitFailed(f"git rev-parse answered what is no path ({self.shown(path[:40])!r})")
        return Path(path)

    def ask(self, *arguments: str) -> str:
        """Run one command and return its output.

        Raises:
            GitFailed: it failed.
        """
        ran = self.run(*arguments)
        if not ran.ok:
            raise self.failure(ran, *arguments)
        return ran.out

    def has(self, *arguments: str) -> bool:
        """Run one command that answers by its exit code: 0 for yes and 1 for no.

        Raises:
            GitFailed: it answered neither.
        """
        ran = self.run(*arguments)
        if ran.code > 1:
            raise self.failure(ran, *arguments)
        return ran.ok

    def run(self, *arguments: str) -> GitResult:
        """Run one command, whose failure may be an answer, too.

        Raises:
            GitFailed: it cannot be run, or not in time, or writes without end.
        """
        with self.written(*arguments) as (code, out, err):
            result = GitResult(code, _text(out), _text(err))
            if out.read(1) or err.read(1):
                raise GitFailed(f"git {_name(arguments)} wrote more than {LONGEST_ANSWER >> 20} MiB")
            return result

    @contextmanager
    def written(self, *arguments: str) -> Iterator[tuple[int, IO[bytes], IO[bytes]]]:
        """Run one command; yield its exit code and the files that its output and its errors are in.

        Raises:
            GitFailed: it cannot be run, or not in time.
        """
        environment = {name: value for name, value in self.environment.items() if name not in LEFT_OUT} | UNATTENDED
        left = max(0.0, self.began + self.seconds - time.monotonic())
        with ExitStack() as files:
            try:
                # No pipes: nobody reads until git has ended, and a full pipe would block it.
                out, err = (files.enter_context(tempfile.TemporaryFile()) for _ in range(2))
                elsewhere = ["-C", str(self.folder)] if self.folder != Path.cwd() else []
                command = ["git", *elsewhere, *arguments]
                code = self.foreground.run(command, environment, aside=(out.fileno(), err.fileno()), limit=left)
            except (OSError, ValueError) as error:  # no git, no place for files, no argument that a program can take
                raise GitFailed(f"git cannot be run: {getattr(error, 'strerror', error)}") from error
            if code == TIMED_OUT:
                raise GitFailed(
                    f"git {_name(arguments)} was ended after the {self.seconds:g} s that git has: a remote does not "
                    "answer, a hook does not end, or a program waits for a password that nobody can type here"
                )
            out.seek(0)
            err.seek(0)
            yield code, out, err

    def failure(self, ran: GitResult, *arguments: str) -> GitFailed:
        """Return the error for a command that failed."""
        return GitFailed(f"git {_name(arguments)} failed ({self.why(ran)})")

    def why(self, ran: GitResult) -> str:
        """Return the lines of output that say why a command failed."""
        lines = [line.strip() for line in f"{ran.out}\n{ran.err}".splitlines() if line.strip()]
        reasons = [line for line in lines if line.startswith(REASONS)] or lines[-1:]
        quote = "; ".join(" ".join(line.split()).removesuffix(".") for line in reasons)
        return self.shown(quote) or f"it ended with {ran.code}"

    def shown(self, text: str) -> str:
        """Return a text of git's, or a path, as a message may contain it: redacted, printable and short."""
        printable = text.encode(errors="replace").decode()  # a path that is no UTF-8 has surrogates
        return Cleaner(Redactor(lambda: self.secrets)).text(printable)[:LONGEST_QUOTE]


def _name(arguments: tuple[str, ...]) -> str:
    """Return the name of the command: options of git itself, like `-c name=value`, may come before it."""
    return next((word for word in arguments if not word.startswith("-") and "=" not in word), "")


def _text(file: IO[bytes]) -> str:
    """Read the output of a command; what is no UTF-8 can be given back to git as it was."""
    return os.fsdecode(file.read(LONGEST_ANSWER))
