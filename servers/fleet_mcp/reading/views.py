"""The answers about agents. Empty fields are left out."""

from __future__ import annotations

from ci_mcp_kit.answer import View


class AgentList(View):
    """Agents, one a line, the one that most needs somebody first. `columns` names the parts of a line."""

    brief = True

    summary: str
    columns: str
    agents: str = ""
    all_have: str = ""
    left_out: str = ""
    notes: tuple[str, ...] = ()
    next_step: str = ""


class AgentView(View):
    """An agent. Its task stands between marks; reports are newest first."""

    brief = True

    agent: str
    state: str
    role: str = ""
    project: str = ""
    task: str = ""
    pull_request: str = ""
    builds: str = ""
    reports: tuple[str, ...] = ()
    task_before: str = ""
    template: str = ""
    latest_build: str = ""
    stops_at: str = ""
    page: str = ""
    notes: tuple[str, ...] = ()
    next_step: str = ""


class RoleLine(View):
    """A role that an agent can have."""

    role: str
    description: str = ""
    templates: tuple[str, ...] = ()


class RoleList(View):
    """The roles, and the templates that cannot be used with what they lack."""

    brief = True

    roles: tuple[RoleLine, ...]
    unusable: tuple[str, ...] = ()
    next_step: str = ""


class ProjectLine(View):
    """A project, with how many agents it has."""

    project: str
    agents: int = 0
    templates: tuple[str, ...] = ()
    presets: tuple[str, ...] = ()


class ProjectList(View):
    """The projects. `others` says which further ones a new agent can have."""

    brief = True

    projects: tuple[ProjectLine, ...]
    others: str = ""
    left_out: str = ""


class TaskLine(View):
    """One run of an agent with a task, and what came of it."""

    build: int
    started: str
    task: str = ""
    outcome: str = ""
    pull_request: str = ""
    ended: str = ""


class TaskHistory(View):
    """What an agent worked on, newest first."""

    brief = True

    agent: str
    tasks: tuple[TaskLine, ...]
    next_cursor: str = ""
    notes: tuple[str, ...] = ()


class WaitView(View):
    """How an agent stands after a wait."""

    brief = True

    agent: str
    finished: bool
    state: str
    report: str = ""
    pull_request: str = ""
    note: str = ""
    next_step: str = ""


class MessageList(View):
    """The newest part of the conversation with an agent, oldest first; texts stand between marks."""

    brief = True

    agent: str
    messages: tuple[str, ...]
    left_out: str = ""
    next_step: str = ""
