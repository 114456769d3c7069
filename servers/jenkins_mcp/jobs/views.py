"""The answers about jobs. Empty fields are left out."""

from __future__ import annotations

from ci_mcp_kit.answer import View


class JobLine(View):
    """A job or folder, as a list shows it."""

    name: str
    kind: str
    display_name: str = ""
    last_result: str = ""
    running: bool | None = None
    queued: bool | None = None
    disabled: bool | None = None


class JobList(View):
    """The jobs of a folder, by name."""

    brief = True

    folder: str = ""
    jobs: tuple[JobLine, ...]
    next_start: int | None = None
    not_descended: tuple[str, ...] = ()
    left_out: str = ""
    next_step: str = ""
