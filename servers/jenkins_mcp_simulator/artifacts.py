"""Artifacts of a build: bytes, parts of them, and lists of a folder."""

from __future__ import annotations

import mimetypes
import re
from email.utils import formatdate
from typing import TYPE_CHECKING, Final

from starlette.responses import RedirectResponse, Response

from jenkins_mcp_simulator import pages
from jenkins_mcp_simulator.trigger_parameters import Refused

if TYPE_CHECKING:
    from jenkins_mcp_simulator.records import Build
    from jenkins_mcp_simulator.requests import Ask

_RANGE: Final = re.compile(r"bytes=(\d+)-(\d*)")
SANDBOX: Final = "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self';"


def send_artifact(ask: Ask, build: Build, path: list[str]) -> Response:
    """Send an artifact or the list of a folder (hudson/model/DirectoryBrowserSupport.java)."""
    if path[-1:] == ["*plain*"]:
        folder = f"{'/'.join(path[:-1])}/"
        inside = [path.removeprefix(folder) for path in build.plan.artifacts if path.startswith(folder)]
        names = dict.fromkeys(path.partition("/")[0] + ("/" if "/" in path else "") for path in inside)
        return Response("".join(f"{name}\n" for name in names), headers={"content-type": "text/plain;charset=utf-8"})
    name = "/".join(path)
    content = build.plan.artifacts.get(name)
    if content is None:
        if any(other.startswith(f"{name}/") for other in build.plan.artifacts):
            return RedirectResponse(f"{ask.path}/", 302)
        raise pages.not_found()
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    headers = {
        "content-type": f"{kind};charset=utf-8" if kind.startswith("text/") else kind,
        "content-security-policy": SANDBOX,
        "last-modified": formatdate(build.ended, usegmt=True),
        "accept-ranges": "bytes",
    }
    wanted = ask.request.headers.get("range")
    if wanted is None or wanted.startswith("bytes=-"):  # a suffix range is ignored
        return _send(ask, content, 200, headers)
    match = _RANGE.fullmatch(wanted)
    if match is None or int(match[1]) >= len(content):
        raise Refused(wanted)
    start, stop = int(match[1]), min(int(match[2]) + 1 if match[2] else len(content), len(content))
    headers["content-range"] = f"bytes {start}-{stop - 1}/{len(content)}"
    return _send(ask, content[start:stop], 206, headers)


def _send(ask: Ask, content: bytes, status: int, headers: dict[str, str]) -> Response:
    response = Response(b"" if ask.method == "HEAD" else content, status, headers)
    response.headers["content-length"] = str(len(content))
    return response
