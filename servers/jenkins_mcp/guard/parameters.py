"""The parameters that an agent gives to a build of Jenkins. Pure.

A job declares its parameters, and their values reach it as they are: with line ends, blanks and any script. So a person
who confirms a build sees them escaped, and the beginning and the end of a long one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from typing_extensions import override

from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.guard.action_parameters import Additions, names_a_secret
from ci_mcp_kit.outgoing_text import cleaned, one_line
from ci_mcp_kit.redact import MARK

NAME_WIDTH: Final = 100  # characters, as are the others
LONGEST_VALUE: Final = 8000
MOST_TEXT: Final = 16_000  # of all values: Jetty takes forms of 200,000 bytes, and a character can be 12 of them
SHOWN_START, SHOWN_END = 300, 100  # of a value in a question

# Jenkins stores builds as XML 1.1, which cannot hold these even escaped (XML 1.1, section 2.2).
_NOT_IN_XML: Final = re.compile("[\x00\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class BuildParameters(Additions):
    """Parameters as the job declares them; `passwords` are the names of those that hold a password."""

    passwords: frozenset[str] = frozenset()

    @override
    def check(self) -> None:
        for name, value in self.params:
            if len(value) > LONGEST_VALUE:
                raise InvalidInput(
                    f"The value of {show_name(name)} has {len(value)} characters: at most {LONGEST_VALUE} can be sent"
                )
            if _NOT_IN_XML.search(value):
                raise InvalidInput(f"The value of {show_name(name)} has a character that Jenkins cannot store")
        if sum(len(value) for _, value in self.params) > MOST_TEXT:
            raise InvalidInput(f"The parameters have more than {MOST_TEXT} characters together")

    @override
    def notes(self) -> tuple[str, ...]:
        return tuple(
            f"It sets {show_name(name)} = {MARK if name in self.passwords else show_value(name, value)}"
            for name, value in self.params
        )


def show_name(name: str) -> str:
    """Return the name of a parameter on one line, bounded."""
    return one_line(name, NAME_WIDTH)


def show_value(name: str, value: str) -> str:
    """Return a value escaped, on one line and bounded; one that may be a secret is redacted."""
    if value and names_a_secret(name):
        return MARK
    # With its name, because the redaction goes by names as well. Cleaned before it is cut, and escaped only then: the
    # cleaner takes out characters that a person has to know of.
    redacted = cleaned(f"{name}={value}").removeprefix(f"{name}=")
    text = repr(redacted if MARK in redacted else value)
    if len(text) <= SHOWN_START + SHOWN_END:
        return text
    return f"{text[:SHOWN_START]}…{text[-SHOWN_END:]} ({len(value)} characters)"
