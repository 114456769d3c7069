"""The contract between templates and this server: where role, project, task and outcome are kept. Pure.

A template keeps them in parameters, and shows each by `coder_metadata` on a resource that stays while the workspace is
stopped. So every build, and every answer that holds one, has them; parameters alone would take a request a build.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.outgoing_text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coder_client.models import AppStatus, Build, Parameter, Workspace

# The keys of the metadata.
ROLE: Final = "role"
PROJECT: Final = "project"
TASK: Final = "task"
PULL_REQUEST: Final = "pull_request"
LAST_STATE: Final = "last_state"
LAST_MESSAGE: Final = "last_message"
KEYS: Final = (ROLE, PROJECT, TASK, PULL_REQUEST, LAST_STATE, LAST_MESSAGE)

CREATED: Final = "created"
"""The outcome that the first build carries, which has no build before it: its message is the key of its creation."""
LONGEST_MESSAGE: Final = 300  # characters of a report that a build carries on; Coder takes 160 bytes, then escapes them


@dataclass(frozen=True, kw_only=True, slots=True)
class Contract:
    """The names that templates have for what this server keeps in them.

    Attributes:
        role, project, task, pull_request, last_state, last_message: names of parameters.
        role_is_template: whether each role has a template of its own, whose name it is.
        app: the slug of the application by which one talks to the agent.
    """

    role: str = ROLE
    project: str = PROJECT
    task: str = "ai_prompt"
    pull_request: str = PULL_REQUEST
    last_state: str = LAST_STATE
    last_message: str = LAST_MESSAGE
    role_is_template: bool = False
    app: str = "ai"

    def missing(self, parameters: Iterable[Parameter]) -> tuple[str, ...]:
        """Return how a template with these parameters breaks the contract, a phrase each."""
        known = {parameter.name: parameter for parameter in parameters}
        fixed = (self.project,) if self.role_is_template else (self.role, self.project)
        mutable = (self.task, self.pull_request, self.last_state, self.last_message)
        absent = [f"it has no parameter {name}" for name in (*fixed, *mutable) if name not in known]
        changing = [f"parameter {name} has to be immutable" for name in fixed if name in known and known[name].mutable]
        still = [f"parameter {name} has to be mutable" for name in mutable if name in known and not known[name].mutable]
        return (*absent, *changing, *still)

    def outcome_values(self, outcome: Outcome) -> dict[str, str]:
        """Return the parameters that carry an outcome into the next build."""
        values = {self.last_state: outcome.state, self.last_message: outcome.message}
        return values | ({self.pull_request: outcome.pull_request} if outcome.pull_request else {})


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """What an agent is for and what it works on."""

    role: str = ""
    project: str = ""
    task: str = ""
    pull_request: str = ""
    last_state: str = ""
    last_message: str = ""

    @property
    def is_known(self) -> bool:
        """Whether the build shows what the contract asks for; one that failed early shows nothing."""
        return bool(self.role and self.project)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a task: the last state and message that the agent reported, and its pull request."""

    state: str = ""
    message: str = ""
    pull_request: str = ""


def read_assignment(contract: Contract, build: Build, template: str = "") -> Assignment:
    """Return what the metadata of a build shows."""
    shown = build.metadata()
    known = {key: shown.get(key, "") for key in KEYS}
    if contract.role_is_template and known[PROJECT]:
        known[ROLE] = template
    return Assignment(**known)


def read_assignment_of_parameters(contract: Contract, values: Mapping[str, str], template: str = "") -> Assignment:
    """Return what the parameters of a build say, where its metadata shows nothing."""
    known = {key: values.get(getattr(contract, key), "") for key in KEYS}
    if contract.role_is_template:
        known[ROLE] = template
    return Assignment(**known)


def find_outcome(workspace: Workspace) -> Outcome:
    """Return what is to be carried into the next build: the last report of the present run, if it has reported."""
    report = find_report(workspace)
    if report is None:
        return Outcome()
    return Outcome(report.state, one_line(report.message, LONGEST_MESSAGE), one_line(report.uri, LONGEST_MESSAGE))


def find_report(workspace: Workspace) -> AppStatus | None:
    """Return the last report of the present run, None where it has not reported."""
    report = workspace.latest_app_status
    return report if report is not None and belongs_to(report, workspace.latest_build) else None


def find_newest_report(build: Build) -> AppStatus | None:
    """Return the newest report of a build's agents, which Coder shows of the latest build alone."""
    every = (status for agent in build.agents for app in agent.apps for status in app.statuses)
    return max(every, key=lambda status: status.created_at, default=None)


def belongs_to(report: AppStatus, build: Build) -> bool:
    """Return whether a report was made in a build's time, and not in that of an earlier one."""
    agents = {agent.id for agent in build.agents}
    return report.agent_id in agents if agents else report.created_at >= build.created_at
