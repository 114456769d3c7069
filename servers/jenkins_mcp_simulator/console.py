"""The console log of a build as Jenkins stores it, and the forms in which it sends parts of it. Pure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jenkins_mcp_simulator.records import Build

# A hidden note as Jenkins writes one around a user's name (hudson/console/ModelHyperlinkNote.java). Its content matters
# only to Jenkins.
NOTE: Final = (
    "\x1b[8mha:////4AOscgQjFcIxsK39Y2cM+Bm4JOziWkMfHB6Cok47KfuzAAAAlR+LCAAAAAAAAP9b85aBtbiIQTGjNKU4P08vOT+vAAAA\x1b[0m"
)
_NOTE: Final = re.compile(rb"\x1b\[8mha:.*?\x1b\[0m")
# Of a running build, in one response (jenkinsci/stapler, core/src/main/java/org/kohsuke/stapler/framework/io,
# LargeText.MAX_LINES_READ).
MOST_LINES: Final = 10_000
BOUNDARY: Final = "8087bb8e-1c42-4715-aacf-99a3b0c15080"


def lines_of(text: str) -> list[str]:
    """Return the lines of a step's output; a carriage return ends none."""
    return text.removesuffix("\n").split("\n") if text else []


def stored_log(build: Build, now: float) -> bytes:
    """Return what has been written by a moment: whole lines, all of them once the build is over."""
    is_pipeline = build.job.kind == "pipeline"
    user = next((cause.get("userId") for cause in build.causes if cause.get("userId")), None)
    started = f"Started by user {NOTE}{user}" if user else str(build.causes[0].get("shortDescription", "Started"))
    written = [started, "Running as SYSTEM", f"Building in workspace /var/jenkins_home/workspace/{build.job.name}"]
    if is_pipeline:
        written = [started, "[Pipeline] Start of Pipeline"]
    lines = lines_of(build.plan.log)
    for stage in build.plan.stages:
        lines += ["[Pipeline] stage", f"[Pipeline] {{ ({stage.name})", *lines_of(stage.log)]
        lines += ["[Pipeline] }", "[Pipeline] // stage"]
    if is_pipeline:
        lines.append("[Pipeline] End of Pipeline")
    until = build.stop_asked_at or build.ended or now
    share = min(1.0, (until - build.started) / build.plan.seconds) if build.plan.seconds else 1.0
    if build.ended and build.result != "ABORTED":
        share = 1.0
    written += lines[: int(len(lines) * share)]
    if build.ended:
        written += [f"Aborted by {build.stopped_by}"] if build.stopped_by else []
        written += [f"Finished: {build.result}"]
    return "".join(f"{line}\n" for line in written).encode()


def without_notes(stored: bytes) -> bytes:
    """Return a log without hidden notes, as `consoleText` sends it."""
    return _NOTE.sub(b"", stored)


def progressive(stored: bytes, start: int, *, is_complete: bool) -> tuple[bytes, dict[str, str]]:
    """Return body and headers of `progressiveText`: notes stay, line ends become CRLF, sizes are of what is stored."""
    if start > len(stored):
        # jenkinsci/stapler, core/src/main/java/org/kohsuke/stapler/framework/io/LargeText.java, `doProgressText`
        start = 0
    part = b"" if start < 0 else stored[start:]
    end = len(stored)
    if not is_complete and start >= 0:
        part = b"".join(part.splitlines(keepends=True)[:MOST_LINES])
        end = start + len(part)
    headers = {"X-Text-Size": str(end), "Content-Type": "text/plain;charset=utf-8"}
    if not is_complete:
        headers["X-More-Data"] = "true"
    text = part.decode("utf-8", "replace").replace("\r\n", "\n").replace("\n", "\r\n")
    return text.encode(), headers


def two_parts(stored: bytes, start: int, *, is_complete: bool) -> tuple[bytes, dict[str, str]]:
    """Return body and headers of the form that is asked for by `Accept: multipart/form-data`.

    A negative start counts from the end, and is moved to the beginning of the next line.
    """
    if start < 0:
        start = max(0, len(stored) + start)
        if start and stored[start - 1 : start] != b"\n":
            start = stored.find(b"\n", start) + 1 or len(stored)
    elif start > len(stored):
        start = 0
    meta = {"completed": is_complete, "startFromNewLine": True, "start": start, "end": len(stored)}
    parts: list[tuple[str, str, bytes]] = [
        ("text", "text/plain;charset=utf-8", without_notes(stored[start:]).decode("utf-8", "replace").encode()),
        ("meta", "application/json;charset=utf-8", json.dumps(meta, separators=(",", ":")).encode()),
    ]
    body = b"".join(
        f"--{BOUNDARY}\r\nContent-Disposition: form-data;name={name}\r\nContent-Type: {kind}\r\n\r\n".encode()
        + content
        + b"\r\n"
        for name, kind, content in parts
    )
    headers = {"Content-Type": f"multipart/form-data;boundary={BOUNDARY};charset=utf-8"}
    return body + f"--{BOUNDARY}--".encode(), headers
