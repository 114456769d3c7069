"""The answers about nodes and services. Empty fields are left out."""

from __future__ import annotations

from ci_mcp_kit.answer import View


class NodeLine(View):
    """A node: whether its daemon answers, and how its services stand."""

    node: str
    state: str
    daemon: str = ""
    services: str = ""
    need_somebody: int = 0
    free: str = ""
    monitored: str = ""


class NodeList(View):
    """The nodes, those that do not answer first."""

    brief = True

    nodes: tuple[NodeLine, ...]
    next_step: str = ""


class ServiceList(View):
    """Services, one a line, the one that most needs somebody first. `columns` names the parts of a line."""

    brief = True

    summary: str
    columns: str
    services: str = ""
    left_out: str = ""
    notes: tuple[str, ...] = ()
    next_step: str = ""


class BuildLine(View):
    """The build that made the image of a component, as far as the labels of the image name it."""

    component: str
    repo: str = ""
    number: int | None = None
    commit: str = ""


class StatusView(View):
    """How a service stands, why, and what happened to it lately, newest first."""

    brief = True

    service: str
    state: str
    reason: str = ""
    operation: str = ""
    active: bool
    revision: int
    components: tuple[str, ...] = ()
    drift: tuple[str, ...] = ()
    builds: tuple[BuildLine, ...] = ()
    events: tuple[str, ...] = ()
    left_out: str = ""
    next_step: str = ""


class PlanView(View):
    """What a deployment would do. `plan` is the fingerprint of exactly this."""

    brief = True

    service: str
    plan: str
    changes: bool
    steps: tuple[str, ...] = ()
    definition: str = ""
    left_out: str = ""
    notes: tuple[str, ...] = ()
    next_step: str = ""


class LogView(View):
    """The newest lines of a service's log, oldest first; those of programs stand between marks."""

    brief = True

    service: str
    lines: int
    text: str = ""
    left_out: str = ""
    next_step: str = ""


class EventList(View):
    """Events, newest first."""

    brief = True

    events: tuple[str, ...]
    notes: tuple[str, ...] = ()
    left_out: str = ""
    next_step: str = ""


class RevisionList(View):
    """What a service was before, newest first."""

    brief = True

    service: str
    revisions: tuple[str, ...]
    left_out: str = ""
    next_step: str = ""


class WaitView(View):
    """How a service stands after a wait."""

    brief = True

    service: str
    finished: bool
    state: str
    reason: str = ""
    note: str = ""
    next_step: str = ""
