"""The parameters and switches that an agent adds to a write. Pure.

A write without additions does what its subject says, such as the pipeline file of a commit. Additions change that, so
each has to be allowed by a rule that names it, and a person who confirms the write sees them all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.outgoing_text import cleaned, one_line
from ci_mcp_kit.redact import MARK

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_NAME: Final = 100  # characters, as are the others
LONGEST_VALUE: Final = 500
MOST_TEXT: Final = 4000  # of all names and values: a person has to read them

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_SECRET_NAME: Final = re.compile(r"pass|pwd|secret|token|credential|auth|key|cookie|cert|dsn", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Additions:
    """The additions of an agent to one write. A domain whose parameters hold more derives its own.

    Attributes:
        params: names and values, sorted by name.
        switches: options that are on; each is the name of the rule that can allow it.
    """

    params: tuple[tuple[str, str], ...] = ()
    switches: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self.params or self.switches)

    def check(self) -> None:
        """Check that a person can read every name and value.

        Raises:
            InvalidInput: one is too long, or has characters that do not show.
        """
        for name, value in self.params:
            if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
                raise InvalidInput(
                    f"A parameter's name has letters, digits and '_', '.' or '-', and at most {LONGEST_NAME} characters"
                )
            if len(value) > LONGEST_VALUE or not (value.isprintable()):
                raise InvalidInput(
                    f"The value of parameter {name!r} is longer than {LONGEST_VALUE} characters or has characters that "
                    "do not show, such as line ends: nobody could confirm it"
                )
        if sum(len(name) + len(value) for name, value in self.params) > MOST_TEXT:
            raise InvalidInput(f"The parameters have more than {MOST_TEXT} characters: nobody could confirm them")

    def notes(self) -> tuple[str, ...]:
        """Describe the additions to a person, one on each line: values that may be secrets are redacted."""
        notes = []
        for name, value in self.params:
            # With its name, because the redaction goes by names as well.
            shown = cleaned(f"{name}={value}").removeprefix(f"{name}=") or "''"
            notes.append(f"It sets {name} = {MARK if value and names_a_secret(name) else shown}")
        return (*notes, *(f"It turns on {switch}" for switch in self.switches))

    def facts(self) -> Mapping[str, Any]:
        """Return their entry in an audit line: the names only, as a value may be a secret."""
        return {"params": [one_line(name, LONGEST_NAME) for name, _ in self.params], "switches": list(self.switches)}


NOTHING_ADDED: Final = Additions()


def names_a_secret(name: str) -> bool:
    """Return whether the value of a parameter of this name may be a secret."""
    return bool(_SECRET_NAME.search(name))
