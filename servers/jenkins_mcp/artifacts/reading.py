"""Shows a part of an artifact: as text where its bytes are one, else as base64.

A text is shown as every text by others is, without secrets and hidden characters; an answer says if that changed it.
Secrets are looked for in the bytes around the part as well, because half a secret is not recognised.
"""

from __future__ import annotations

import codecs
import re
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ci_mcp_http.call import quote_input
from ci_mcp_kit.errors import InvalidInput, PermissionDenied
from ci_mcp_kit.outgoing_text import cleaned
from jenkins_mcp.artifacts.views import ArtifactView
from jenkins_mcp.client.artifacts import read_part
from jenkins_mcp.client.service_descriptor import JENKINS

if TYPE_CHECKING:
    from ci_mcp_kit.redact import Redactor
    from jenkins_mcp.client.client import JenkinsClient
    from jenkins_mcp.client.names import JobName

LONGEST: Final = 20_000  # bytes
AROUND: Final = 512  # bytes before and after a part; longer than a token
_RANGE: Final = re.compile(r"(\d{1,15})-(\d{1,15})", re.ASCII)
CHANGED: Final = "The text was sanitised: it has control characters, hidden characters or secrets"


@dataclass(frozen=True)
class PartRequest:
    """Which bytes of which artifact to show."""

    job: JobName
    build: int
    path: str
    start: int
    size: int
    as_base64: bool = False


def read_range(text: str) -> tuple[int, int]:
    """Return the first byte and the number of bytes of a range like 0-2999.

    Raises:
        InvalidInput: it is none, or too long.
    """
    match = _RANGE.fullmatch(text.strip())
    start, end = (int(match[1]), int(match[2])) if match else (0, -1)
    if not start <= end < start + LONGEST:
        raise InvalidInput(
            f"{quote_input(text)} is not a range of 1 to {LONGEST} bytes",
            next_step="Give the first and the last byte, like 3000-5999",
            service=JENKINS,
        )
    return start, end + 1 - start


async def read_artifact(client: JenkinsClient, redactor: Redactor, request: PartRequest) -> ArtifactView:
    """Read a part of an artifact, and its surroundings.

    Raises:
        InvalidInput: it begins beyond the end.
        PermissionDenied: base64 would show a secret.
    """
    before = min(AROUND, request.start)
    asked = before + request.size + AROUND
    whole = await client.send(read_part(request.job, request.build, request.path, request.start - before, asked))
    window, end = whole.data, before + request.size
    data, has_more = window[before:end], len(window) > end
    if request.start and not data:
        raise InvalidInput(
            f"The artifact {request.path} has no byte {request.start}",
            next_step=f"The last one is {whole.size - 1}" if whole.size else "Begin with an earlier one",
            service=JENKINS,
        )
    around = window.decode("utf-8", "replace")
    has_secret = redactor.redact(around) != around
    text = None if request.as_base64 else decode_text(data, has_more=has_more)
    shown = {}
    if text is None:
        if has_secret:
            raise PermissionDenied(
                f"These bytes of {request.path} contain what looks like a secret, which base64 would show",
                next_step="Read them as text, or save the artifact if a person agrees",
                service=JENKINS,
            )
        used = len(data)
        shown["base64"] = b64encode(data).decode()
    else:
        used = len(text.encode())
        left, right = window[:before].decode("utf-8", "replace"), window[end:].decode("utf-8", "replace")
        clean = cleaned(around)
        shown["text"] = clean[len(left) : len(clean) - len(right)] if has_secret else cleaned(text)
        if shown["text"] != text:
            shown["changed"] = CHANGED
    next_start = request.start + used
    steps = [f"Call again with bytes {next_start}-{next_start + request.size - 1} for more" if has_more else ""]
    steps.append("call with form base64 for the exact bytes" if "changed" in shown and not has_secret else "")
    return ArtifactView(
        job=str(request.job),
        number=request.build,
        path=request.path,
        size=whole.size,
        bytes=f"{request.start}-{next_start - 1}" if used else "",
        next_step="; ".join(step for step in steps if step),
        **shown,
    )


def decode_text(data: bytes, *, has_more: bool) -> str | None:
    """Return the text of bytes, without a character that the end of the part cuts; None if they are no text."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        text = decoder.decode(data, final=not has_more)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text or (data and not text) else text
