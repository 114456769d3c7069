"""Cursors: places in the logs of builds, as texts that answers give and callers pass back. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.errors import InvalidInput
from ci_mcp_logs import cursors
from ci_mcp_logs.cursors import Cursor, CursorError, ForeignCursor
from jenkins_mcp.client.service_descriptor import JENKINS
from jenkins_mcp.logs.reader import Place

if TYPE_CHECKING:
    from jenkins_mcp.client.names import JobName

AGAIN: Final = "Call without cursor to start over; pass a cursor on exactly as an answer gave it, with the same job"
NUMBERS: Final = 4  # of the build and the step; offset and line number of the base


@dataclass(frozen=True, slots=True)
class LogCursor:
    """A place in the log of a build or step, from which to go on or back."""

    build: int
    step: str
    place: Place
    back: bool = False

    def encode(self, job: JobName) -> str:
        """Return it as a text that is bound to the job."""
        place = self.place
        numbers = (self.build, int(self.step or 0), place.base, place.number)
        return cursors.encode(str(job), Cursor(numbers, place.index, self.back))


def decode(job: JobName, text: str) -> LogCursor:
    """Return the cursor of a text that an answer about this job gave.

    Raises:
        InvalidInput: it is no cursor, or one for another job.
    """
    try:
        read = cursors.decode(str(job), text, NUMBERS)
    except ForeignCursor as error:
        raise InvalidInput(f"The cursor belongs to another job than {job}", next_step=AGAIN, service=JENKINS) from error
    except CursorError as error:
        raise InvalidInput("That is not a cursor of this server", next_step=AGAIN, service=JENKINS) from error
    build, step, base, number = read.log
    if build < 1 or min(step, base, number, read.line) < 0:
        raise InvalidInput("That is not a cursor of this server", next_step=AGAIN, service=JENKINS)
    return LogCursor(build, str(step) if step else "", Place(base, number, read.line), read.back)
