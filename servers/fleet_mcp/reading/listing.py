"""Lists all agents of the fleet by one request: who works on what, and who needs somebody."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ci_mcp_http.call import quote_input
from ci_mcp_kit.answer import to_json
from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.token_count import count_tokens
from ci_mcp_logs.answer_text import bounded
from coder_client import calls
from fleet_mcp.access import EVERYBODY
from fleet_mcp.quoting import NAME_WIDTH, clean_lines, cut, fit
from fleet_mcp.reading.agent_state import state_of
from fleet_mcp.reading.drone_builds import describe_build, find_builds
from fleet_mcp.reading.views import AgentList
from fleet_mcp.rules.contract import find_report
from fleet_mcp.rules.links import Link, read_link
from fleet_mcp.rules.state import KINDS, NEEDS_SOMEBODY, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coder_client.models import Workspace
    from drone_mcp_client.models import Build
    from fleet_mcp.access import FleetAccess
    from fleet_mcp.settings import FleetSettings

BUDGET: Final = 2_400  # tokens of an answer
ROOM: Final = 2_000  # of them for the lines, where even the shortest do not all fit
TASK_WIDTHS: Final = (60, 40, 25, 12, 0)
ATTENTION: Final = "attention"
COLUMNS: Final = ("agent", "role", "project", "state", "task", "link", "template")
COMMON: Final = ("role", "project", "template")  # said once where all agents have the same


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentFilter:
    """Which agents to list; "" for any. `state` is a kind of state, or `attention` for those that need somebody."""

    role: str = ""
    project: str = ""
    state: str = ""

    def check(self) -> None:
        """Refuse a state that there is not.

        Raises:
            InvalidInput: naming those that there are.
        """
        if self.state not in {"", ATTENTION, *KINDS}:
            raise InvalidInput(
                f"No agent is ever {quote_input(self.state)}",
                next_step=f"Give state as {ATTENTION} or one of {', '.join(KINDS)}",
            )

    def fits(self, row: Row) -> bool:
        """Return whether an agent is wanted."""
        kinds = NEEDS_SOMEBODY if self.state == ATTENTION else {self.state or row.state.kind}
        same = (self.role.lower() in {"", row.role.lower()}, self.project.lower() in {"", row.project.lower()})
        return all(same) and row.state.kind in kinds


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """An agent of the list."""

    agent: str
    role: str
    project: str
    state: State
    task: str
    link: Link | None
    template: str


async def list_agents(access: FleetAccess, wanted: AgentFilter, now: float) -> AgentList:
    """Return the agents that are wanted, those that need somebody first."""
    wanted.check()
    settings = access.settings
    page = await (await access.client()).send(calls.list_workspaces(make_query(settings)))
    rows, unseen = read_rows(access, page.workspaces, datetime.fromtimestamp(now, UTC))
    chosen = sorted((row for row in rows if wanted.fits(row)), key=lambda row: (row.state.rank, row.agent))
    builds, notes = await find_builds(access.drone(), (own_link(row.link, row.project) for row in chosen))
    if page.count > len(page.workspaces):
        notes.append(f"Coder has {page.count} workspaces; only {len(page.workspaces)} of them were looked at")
    if unseen:
        notes.append(f"{unseen} more show no project, as their build failed early or their template is no agent's")
    written = {text for row in chosen for text in (row.agent, row.role, row.project, row.template, row.task)}
    written |= {row.link.text for row in chosen if row.link}
    every = list(written)
    texts = dict(zip(every, clean_lines(every), strict=True))
    return fit(lambda width: _describe(chosen, texts, builds, notes, width), TASK_WIDTHS, BUDGET)


def make_query(settings: FleetSettings) -> str:
    """Return the query by which Coder finds the fleet; what it cannot express is filtered afterwards."""
    owner = settings.owners[0] if len(settings.owners) == 1 and settings.owners[0] != EVERYBODY else ""
    template = settings.templates[0] if len(settings.templates) == 1 else ""
    return " ".join(part for part in (owner and f"owner:{owner}", template and f"template:{template}") if part)


def is_of_fleet(settings: FleetSettings, workspace: Workspace) -> bool:
    """Return whether a workspace that Coder has found belongs to one of several owners or templates."""
    is_ours = len(settings.owners) == 1 or workspace.owner_name in settings.owners
    return is_ours and (not settings.templates or workspace.template_name in settings.templates)


def read_rows(access: FleetAccess, workspaces: Sequence[Workspace], now: datetime) -> tuple[list[Row], int]:
    """Return the agents among workspaces that this role may see, and how many others show no project."""
    settings, scope = access.settings, access.scope
    rows, unseen = [], 0
    for workspace in workspaces:
        if not is_of_fleet(settings, workspace):
            continue
        known = access.recall_assignment(workspace)
        has_failed = not workspace.latest_build.resources
        if not known.is_known and (not has_failed or scope.globs):
            unseen += 1
        elif not known.is_known or scope.sees(known.project):
            access.remember(workspace)
            row = Row(
                agent=workspace.name if settings.owners == ("me",) else f"{workspace.owner_name}/{workspace.name}",
                role=known.role,
                project=known.project,
                state=state_of(settings, workspace, known, now),
                task=known.task,
                link=find_link(workspace, known.pull_request),
                template=workspace.template_name,
            )
            rows.append(row)
    return rows, unseen


def find_link(workspace: Workspace, recorded: str) -> Link | None:
    """Return the pull request or branch that the agent has reported, else the one that its build has recorded."""
    report = find_report(workspace)
    return read_link(report.uri if report else "") or read_link(recorded)


def own_link(link: Link | None, project: str) -> Link | None:
    """Return a link into the agent's own project, None for any other: only its builds are this role's to see."""
    if link is None or link.repo.lower() != project.lower():
        return None
    return replace(link, repo=project)


def _describe(
    rows: Sequence[Row], texts: Mapping[str, str], builds: dict[Link, Build], notes: Sequence[str], width: int
) -> AgentList:
    common = {
        name: getattr(rows[0], name)
        for name in COMMON
        if len(rows) > 1 and len({getattr(row, name) for row in rows}) == 1 and getattr(rows[0], name)
    }
    columns = [name for name in COLUMNS if name not in common and (width or name != "task")]
    lines = [" | ".join(_cell(row, name, texts, builds, width) for name in columns).rstrip(" |") for row in rows]
    kept = bounded(lines, ROOM, count_tokens) if width == 0 else lines
    counts = Counter(row.state.kind for row in rows)
    parts = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind])
    is_cut = kept != lines
    return AgentList(
        summary=f"{len(rows)} agents: {parts}" if rows else "No agents",
        columns=" | ".join(columns),
        agents="\n".join(kept[:-1] if is_cut else kept),
        all_have=", ".join(f"{name} {cut(texts[value], NAME_WIDTH)}" for name, value in common.items()),
        left_out=f"{kept[-1]}: filter by role, project or state" if is_cut else "",
        notes=tuple(notes),
        next_step="" if rows else "fleet_create_agent makes one, if this role may",
    )


def _cell(row: Row, name: str, texts: Mapping[str, str], builds: dict[Link, Build], width: int) -> str:
    if name == "state":
        return row.state.text
    # A bar in a text must not look like the next column.
    if name == "task":
        return to_json(cut(texts[row.task], width)).replace("|", "/") if row.task and width else ""
    if name == "link":
        link = own_link(row.link, row.project)
        shown = cut(texts[row.link.text], NAME_WIDTH).replace("|", "/") if row.link else ""
        return f"{shown} {describe_build(builds.get(link)) if link else ''}".strip()
    return cut(texts[getattr(row, name)], NAME_WIDTH).replace("|", "/") or "?"
