"""The exit codes. 69 and 77 are EX_UNAVAILABLE and EX_NOPERM of sysexits.h."""

from __future__ import annotations

from typing import Final

DONE: Final = 0
RED: Final = 1  # the build failed
USAGE: Final = 2  # an argument or a setting is wrong, or names something that does not exist
NO_ANSWER: Final = 69  # the service did not answer, or not as it should
REFUSED: Final = 77  # the service, the role, the guard or the person said no
CLOSED: Final = 128 + 13  # what read the output has closed, as for a program that SIGPIPE ends

MEANINGS: Final = (
    "Exit codes: 0 done, the build is green · 1 the build is red · 2 wrong usage, or no such build or repository · "
    "69 Drone did not answer · 77 not allowed or not confirmed"
)

_OF_ERRORS: Final = {
    "INVALID_INPUT": USAGE,
    "NOT_FOUND": USAGE,
    "AUTH_FAILED": REFUSED,
    "PERMISSION_DENIED": REFUSED,
    "WRITES_DISABLED": REFUSED,
    "NOT_CONFIRMED": REFUSED,
    "CONFLICT": REFUSED,
}


def of_error(code: str) -> int:
    """Return the exit code for the error code of a tool; NO_ANSWER for all that time or an operator may cure."""
    return _OF_ERRORS.get(code, NO_ANSWER)
