"""The errors of the command: each ends it with a message and no traceback.

    UserError          exit 2   the call or the environment is wrong
    ├── InvalidRole    exit 2   a role file is wrong; one line for each mistake
    ├── NotWritten     exit 1   the client's file was left as it is
    ├── CannotExpress  exit 2   the client's format cannot express this
    ├── NotStarted     exit 69  an agent's command was not run: Drone, a server, its set-up or git failed
    └── NotPushed      exit 75  an agent has ended, and not all of its work is pushed

The exit code belongs to the class; 69 and 75 are EX_UNAVAILABLE and EX_TEMPFAIL of sysexits.h.
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
    """A file was left as it is: writing it would lose or overwrite something of the user's."""

    exit_code = 1


class CannotExpress(UserError):
    """A client's configuration format cannot express something that the role asks for."""


class NotStarted(UserError):
    """An agent's command was not run: Drone or a server does not answer, or the set-up or git failed."""

    exit_code = 69


class NotPushed(UserError):
    """Not all of an agent's work is in its branch, and what is not is still in its work tree."""

    exit_code = 75


class InvalidRole(UserError):
    """A role file cannot be used; the message has a line for each mistake."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (str(problem.file), problem.line)))
        super().__init__("\n".join(str(problem) for problem in self.problems))
