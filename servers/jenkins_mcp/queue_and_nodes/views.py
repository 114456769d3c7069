"""The answers about the queue and the machines. Empty fields are left out."""

from __future__ import annotations

from pydantic import Field

from ci_mcp_kit.answer import View


class QueueLine(View):
    """An item of the queue; `position` counts the items of all jobs from 1."""

    item: int
    job: str
    state: str
    position: int | None = None
    why: str = ""
    stuck: bool | None = None
    waited_seconds: int | None = None
    quiet_seconds: int | None = None
    causes: tuple[str, ...] = ()
    parameters: dict[str, str] = Field(default_factory=dict)
    hidden_parameters: tuple[str, ...] = ()
    build: int | None = None


class QueueView(View):
    """What waits for an executor, in Jenkins' order."""

    brief = True

    items: tuple[QueueLine, ...]
    total: int
    left_out: str = ""
    next_step: str = ""


class NodeLine(View):
    """A machine."""

    name: str
    offline: bool | None = None
    reason: str = ""
    idle: bool | None = None
    executors: int
    labels: tuple[str, ...] = ()


class NodeList(View):
    """The machines that builds run on: those that are offline first."""

    brief = True

    nodes: tuple[NodeLine, ...]
    busy_executors: int
    total_executors: int
    left_out: str = ""
