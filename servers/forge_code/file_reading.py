"""Reads a part of a file from the forge."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.errors import InvalidInput, PermissionDenied
from ci_mcp_kit.outgoing_text import cleaned
from forge_client.errors import FORGE
from forge_client.models.code import FileContent
from forge_client.names import is_full_sha, is_sha
from forge_code.commit_lookup import find_commit
from forge_code.file_text import MOST_BYTES, MOST_LINES, decode_part, read_range, write_lines
from forge_code.views import FileView

if TYPE_CHECKING:
    from ci_mcp_kit.redact import Redactor
    from forge_access.access import ForgeAccess
    from forge_client.forge import Forge
    from forge_code.commit_lookup import Place

LARGEST: Final = 2 * 2**20  # bytes of a file that are read for its lines
SHOWN_LINES: Final = 80
BEYOND_THE_END: Final = 416
AROUND: Final = 512  # bytes before and after a part, in which secrets are looked for; longer than a token


@dataclass(frozen=True)
class FileRequest:
    """A part of a file: lines, or bytes if those are given."""

    path: str
    first: int
    last: int
    by_bytes: bool = False


def read_request(path: str, line: int | None, lines: str | None, part: str | None) -> FileRequest:
    """Return the requested part; by default the first lines.

    Raises:
        InvalidInput: more than one of line, lines and bytes is given, or a range is none.
    """
    if sum(value is not None for value in (line, lines, part)) > 1:
        raise InvalidInput("line, lines and bytes are three ways to say the same", next_step="Give one of them")
    if part is not None:
        return FileRequest(path, *read_range(part, "bytes", MOST_BYTES, lowest=0), by_bytes=True)
    if lines is not None:
        return FileRequest(path, *read_range(lines, "lines", MOST_LINES, lowest=1))
    first = max(1, (line or 1) - SHOWN_LINES // 2)
    return FileRequest(path, first, first + SHOWN_LINES - 1)


async def read_part(access: ForgeAccess, place: Place, request: FileRequest) -> FileView:
    """Read a part of a file. Costs one request, and one more for a shortened hash.

    Raises:
        InvalidInput: the part begins beyond the end.
        PermissionDenied: base64 would show a secret.
    """

    async def ask(forge: Forge, repo: str) -> FileContent:
        is_short = is_sha(place.ref) and not is_full_sha(place.ref)
        ref = await find_commit(forge, repo, place.ref) if is_short else place.ref
        if not request.by_bytes:
            return await _read(forge, repo, request.path, ref, 0, LARGEST - 1)
        return await _read(forge, repo, request.path, ref, max(0, request.first - AROUND), request.last + AROUND)

    found = await access.ask_forge(place.slug, ask)
    view = FileView(repo=place.slug, at=place.label, path=request.path, size=found.total)
    if request.by_bytes:
        return _show_bytes(view, found, request, access.clean.redactor)
    if pointer := found.lfs_pointer:
        kind = f"a pointer to a file of {pointer.size} bytes in Git LFS, which the forge's API does not show"
        return view.model_copy(update={"kind": kind, "text": cleaned(found.content.decode("utf-8", "replace"))})
    if found.is_binary or decode_part(found.content) is None:
        step = f"Call with bytes 0-{MOST_BYTES - 1} for the first of them"
        return view.model_copy(update={"kind": "binary", "next_step": step})
    return _show_lines(view, found, request)


async def _read(forge: Forge, repo: str, path: str, ref: str, first: int, last: int) -> FileContent:
    try:
        return await forge.file(repo, path, ref, first=first, last=last)
    except InvalidInput as refused:
        # An empty file has not even a first byte (RFC 9110, section 14.1.2).
        if refused.status != BEYOND_THE_END or first:
            raise
        return FileContent(content=b"", total=0)


def _show_lines(view: FileView, found: FileContent, request: FileRequest) -> FileView:
    text = found.content.decode("utf-8", "replace")
    is_cut = len(found.content) < found.total
    if is_cut:
        text = text[: text.rfind("\n") + 1]
    lines = write_lines(text, request.first, request.last)
    more = lines.last < lines.total
    step = f"Call again with lines {lines.last + 1}-{min(lines.total, lines.last + SHOWN_LINES)}" if more else ""
    left_out = f"All after the first {LARGEST} bytes: give bytes to read there" if is_cut else ""
    of = f"{lines.first}-{lines.last} of {lines.total}{' or more' if is_cut else ''}" if lines.total else ""
    return view.model_copy(update={"lines": of, "text": lines.text, "left_out": left_out, "next_step": step})


def _show_bytes(view: FileView, found: FileContent, request: FileRequest, redactor: Redactor) -> FileView:
    before = request.first - found.start
    data = found.content[before : request.last - found.start + 1]
    if not data:
        raise InvalidInput(
            f"The file has no byte {request.first}", next_step=f"It has {found.total} bytes", service=FORGE
        )
    last = request.first + len(data) - 1
    more = f"Call again with bytes {last + 1}-{last + MOST_BYTES} for more" if last + 1 < found.total else ""
    shown = {"bytes": f"{request.first}-{last}", "next_step": more}
    around = found.content.decode("utf-8", "replace")
    has_secret = redactor.redact(around) != around
    text = decode_part(data)
    if text is not None and not has_secret:
        return view.model_copy(update={**shown, "text": cleaned(text)})
    if has_secret:
        raise PermissionDenied(
            f"These bytes of {view.path} contain what looks like a secret",
            next_step="Read the lines instead, in which it is redacted",
            service=FORGE,
        )
    return view.model_copy(update={**shown, "kind": "binary", "base64": b64encode(data).decode()})
