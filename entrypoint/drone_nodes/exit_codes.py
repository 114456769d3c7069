"""The exit codes. 69 and 77 are EX_UNAVAILABLE and EX_NOPERM of sysexits.h."""

from __future__ import annotations

from typing import Final

DONE: Final = 0
FAILED: Final = 1  # it was tried, and did not succeed for every component
USAGE: Final = 2  # an argument, a file or a setting is wrong, or names something that does not exist
NO_ANSWER: Final = 69  # a node did not answer, or not as it should
REFUSED: Final = 77  # the node or the person said no
INTERRUPTED: Final = 128 + 2  # as for a program that SIGINT ends
CLOSED: Final = 128 + 13  # what read the output has closed, as for a program that SIGPIPE ends

MEANINGS: Final = (
    "Exit codes: 0 done · 1 tried, but failed for a component or rolled back · 2 wrong usage, file or name · "
    "69 the node did not answer · 77 not allowed or not confirmed"
)

_OF_ERRORS: Final = {
    "INVALID_INPUT": USAGE,
    "NOT_FOUND": USAGE,
    "AUTH_FAILED": REFUSED,
    "PERMISSION_DENIED": REFUSED,
    "CONFLICT": REFUSED,
}


def of_error(code: str) -> int:
    """Return the exit code for the code of an error; NO_ANSWER for all that time or an operator may cure."""
    return _OF_ERRORS.get(code, NO_ANSWER)
