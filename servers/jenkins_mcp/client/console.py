"""Console logs: what Jenkins puts into them for its own pages, and the two forms in which it sends parts. Pure.

`progressiveText` sends every line end as CRLF and keeps hidden notes, while its size header counts the bytes that are
stored: what was received says nothing about offsets. Since 2.534 the same route, asked for `multipart/form-data`, sends
lines as they are stored without notes, begins at a line, and takes a negative offset as one from the end.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.errors import UnexpectedAnswer
from jenkins_mcp.client.service_descriptor import JENKINS

if TYPE_CHECKING:
    from ci_mcp_http.response import Response

# PREAMBLE_STR, base64, POSTAMBLE_STR of jenkinsci/jenkins, core/src/main/java/hudson/console/ConsoleNote.java. A part
# of a log may begin within a note, of which the end is left: base64 without a blank, up to the mark.
_NOTE: Final = re.compile(r"\x1b\[8mha:[^\x1b]*\x1b\[0m")
_END_OF_NOTE: Final = re.compile(r"\A(?:8mha:|\[8mha:|mha:|ha:|a:|:)?[A-Za-z0-9+/=]*\x1b\[0m")
_BEGINNING_OF_NOTE: Final = re.compile(r"\x1b(?:\[(?:8(?:m(?:h(?:a(?::[^\x1b]*(?:\x1b(?:\[0?)?)?)?)?)?)?)?)?\Z")

_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)"?')
_PART_NAME: Final = re.compile(r'^content-disposition:[^\r\n]*\bname="?([^";\r\n]+)"?', re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class LogPart:
    """A part of a console log.

    Attributes:
        text: lines that end in a line feed, without notes.
        start: the offset of its first byte in the stored log; None if Jenkins does not say it.
        end: the offset after its last byte, with which the next part begins.
        is_complete: whether the log ends there for good.
        is_cut: whether the text ends before that, because no more was read; its last line is whole.
    """

    text: str
    start: int | None
    end: int
    is_complete: bool
    is_cut: bool = False


def strip_notes(text: str, *, is_part: bool = False) -> str:
    """Return a log without the hidden notes of Jenkins; a part may begin or end within one."""
    text = _NOTE.sub("", text)
    if is_part:
        text = _BEGINNING_OF_NOTE.sub("", _END_OF_NOTE.sub("", text))
    return text


def read_progressive(response: Response, start: int) -> LogPart:
    """Read an answer of `progressiveText` in plain form.

    Raises:
        UnexpectedAnswer: it lacks the size header.
    """
    size = response.headers.get("x-text-size", "")
    if not size.isdecimal():
        raise UnexpectedAnswer("Jenkins did not say how long the log is", status=response.status, service=JENKINS)
    body = response.body
    if response.is_cut:
        body = body[: body.rfind(b"\n") + 1]
    text = body.decode("utf-8", "replace").replace("\r\n", "\n")
    end = int(size)
    # Asked for more than there is, Jenkins silently starts over from the beginning.
    return LogPart(
        text=strip_notes(text, is_part=start > 0),
        start=0 if start > end else start,
        end=end,
        is_complete=response.headers.get("x-more-data", "").lower() != "true",
        is_cut=response.is_cut,
    )


def read_multipart(response: Response) -> LogPart:
    """Read an answer of `progressiveText` in two parts, `text` and `meta`.

    Raises:
        UnexpectedAnswer: it is not in that form.
    """
    parts = _split_parts(response)
    try:
        meta = json.loads(parts["meta"])
        return LogPart(
            text=strip_notes(parts["text"].decode("utf-8", "replace")),
            start=int(meta["start"]),
            end=int(meta["end"]),
            is_complete=bool(meta["completed"]),
        )
    except (KeyError, TypeError, ValueError):
        pass
    raise UnexpectedAnswer(
        "The part of the log is not in the form that Jenkins sends it", status=response.status, service=JENKINS
    )


def is_multipart(response: Response) -> bool:
    """Return whether Jenkins knows the form with two parts; older ones answer with plain text."""
    return response.content_type.startswith("multipart/form-data")


def _split_parts(response: Response) -> dict[str, bytes]:
    """Return name -> content of a multipart body (RFC 2046, section 5.1.1)."""
    # From the header as it came: `content_type` is in lower case, and a boundary is not.
    boundary = _BOUNDARY.search(response.headers.get("content-type", ""))
    if boundary is None:
        return {}
    parts = {}
    for part in (b"\r\n" + response.body).split(b"\r\n--" + boundary[1].encode()):
        head, found, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = _PART_NAME.search(head.decode("utf-8", "replace"))
        if found and name:
            parts[name[1]] = content
    return parts
