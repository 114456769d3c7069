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


class Parameter(View):
    """A parameter that a job takes. A `hidden` default is not shown by Jenkins, as that of a password."""

    name: str
    type: str
    default: str = ""
    choices: tuple[str, ...] = ()
    takes: str = ""
    hidden: bool | None = None
    description: str = ""


class LastBuild(View):
    """A build that a job names; `seconds` is how long it took."""

    number: int
    result: str = ""
    running: bool | None = None
    started: str | None = None
    seconds: int | None = None


class JobView(View):
    """A job, or a folder with its entries."""

    brief = True

    job: str
    kind: str
    display_name: str = ""
    description: str = ""
    disabled: bool | None = None
    queued: str = ""
    health: tuple[str, ...] = ()
    last: LastBuild | None = None
    last_completed: LastBuild | None = None
    last_successful: LastBuild | None = None
    last_failed: LastBuild | None = None
    parameters: tuple[Parameter, ...] = ()
    jobs: tuple[JobLine, ...] = ()
    left_out: str = ""
    page: str
    next_step: str = ""


class JobList(View):
    """The jobs of a folder, by name."""

    brief = True

    folder: str = ""
    jobs: tuple[JobLine, ...]
    next_start: int | None = None
    not_descended: tuple[str, ...] = ()
    left_out: str = ""
    next_step: str = ""
