"""What can go wrong for the person at the terminal; each ends the command with a message and no traceback.

    UserError          exit 2  the call or the environment is wrong
    ├── InvalidRole    exit 2  a role file is wrong; one line for each mistake
    ├── NotWritten        exit 1  the client's file was left as it is
    ├── CannotExpress  exit 2  the client's format has no way to say this
    ├── NotStarted     exit 69  an agent's command was not run, because what it needs does not work
    └── NotPushed      exit 75  an agent is done, and what it did is not where it belongs

The exit code belongs to the class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ci_mcp_kit.yaml_source import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CannotExpress", "InvalidRole", "NotPushed", "NotStarted", "NotWritten", "Problem", "UserError"]


class UserError(Exception):
    """The base: its text is the whole message."""

    exit_code: ClassVar[int] = 2


class NotWritten(UserError):
    """A file stays as it is, because writing it would lose or overwrite what is not ours."""

    exit_code = 1


class CannotExpress(UserError):
    """A client's configuration format has no way to say what the role asks for."""


class NotStarted(UserError):
    """An agent's command was not run: a server does not start, or a command of the set-up failed (EX_UNAVAILABLE)."""

    exit_code = 69


class NotPushed(UserError):
    """What an agent left could not be pushed, and is still where the agent left it (EX_TEMPFAIL)."""

    exit_code = 75


class InvalidRole(UserError):
    """A role file cannot be used: every mistake that was found, one on each line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (str(problem.file), problem.line)))
        super().__init__("\n".join(str(problem) for problem in self.problems))
