"""The answers about artifacts. Empty fields are left out."""

from __future__ import annotations

from ci_mcp_kit.answer import View


class ArtifactLine(View):
    """An artifact, as a list shows it; `size` in bytes."""

    path: str
    size: int | None = None


class ArtifactList(View):
    """The artifacts of a build, in Jenkins' order."""

    brief = True

    job: str
    number: int
    artifacts: tuple[ArtifactLine, ...]
    next_start: int | None = None
    left_out: str = ""
    next_step: str = ""


class ArtifactView(View):
    """An artifact: a part of its bytes as text or base64, or the file in which it was saved."""

    brief = True

    job: str
    number: int
    path: str
    size: int | None = None
    saved: str = ""
    sha256: str = ""
    bytes: str = ""
    text: str = ""
    base64: str = ""
    changed: str = ""
    next_step: str = ""
