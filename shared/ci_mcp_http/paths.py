"""Request paths, built from untrusted parts: every part becomes exactly one segment. Pure."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from ci_mcp_kit.errors import InvalidInput

LONGEST_SEGMENT: Final = 1000  # characters; far more than any name, and well below what servers take as a request line
LONGEST_INPUT: Final = 100  # characters of a refused argument in an error


def join_path(*parts: str | int, safe: str = "") -> str:
    """Return the path of the given segments; an `int` must be positive, a `str` is one segment.

    Args:
        parts: the segments.
        safe: characters to leave unquoted, in addition to letters, digits and `-_.~` (RFC 3986, section 2.3).

    Raises:
        InvalidInput: a part could change the meaning of the path around it.
    """
    path = ""
    for part in parts:
        # Numbers of CI systems begin with 1. A "-1" could name something else to the service.
        if isinstance(part, int) and part < 1:
            raise InvalidInput(f"A number must be 1 or more, not {part}")
        path += f"/{part}" if isinstance(part, int) else f"/{quote_segment(part, safe=safe)}"
    return path


def quote_segment(text: str, what: str = "name", *, safe: str = "") -> str:
    """Return one segment, quoted.

    Args:
        text: the segment.
        what: what it is, for errors.
        safe: as for `join_path`.

    Raises:
        InvalidInput: it could change the meaning of the path around it.
    """
    faults = {
        "has an empty part": not text,
        "holds a '/'": "/" in text,
        "would lead out of its place": text in {".", ".."},  # on the way, even if quoted (RFC 3986, section 5.2.4)
        "is too long": len(text) > LONGEST_SEGMENT,
        "holds a control character": any(character < " " or character == "\x7f" for character in text),
        "is not valid Unicode": any("\ud800" <= character <= "\udfff" for character in text),
    }
    for fault, is_there in faults.items():
        if is_there:
            raise InvalidInput(f"The {what} {quote_input(text)} {fault}")
    # The parts are quoted one by one: a slash of a name would otherwise address another resource.
    return quote(text, safe=safe)


def quote_input(text: str) -> str:
    """Return a refused argument as an error shows it: escaped, on one line, bounded."""
    return repr(text if len(text) <= LONGEST_INPUT else text[:LONGEST_INPUT] + "…")
