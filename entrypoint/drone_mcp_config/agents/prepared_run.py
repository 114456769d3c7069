"""Decides from options and environment what an agent, its set-up and its servers are started with. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from drone_mcp_config.agents.client_launch import launch_of
from drone_mcp_config.clients.configuration_builder import (
    Choices,
    Configuration,
    make_configuration_in,
    make_plan_context,
)
from drone_mcp_config.clients.formats import CLIENTS
from drone_mcp_config.errors import UserError
from drone_mcp_config.plan.token_variables import given_token_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drone_mcp_config.agents.client_launch import ClientLaunch
    from drone_mcp_config.clients.folders import UserFolders
    from drone_mcp_config.clients.formats import ClientName
    from drone_mcp_config.installation.reading import Servers
    from drone_mcp_config.roles.loading import Role

LONGEST_SESSION = 200  # characters


@dataclass(frozen=True)
class Assignment:
    """The task of an agent: its role, repository and branch; "" stands for unknown.

    Attributes:
        repo: the repository `owner/name`.
        session: a name for this run, in audit logs and in the message of a commit.
        branch: that its work is pushed to.
        url: where the role is served, if the agent does not start its servers itself.
    """

    role: str = ""
    client: ClientName = "claude"
    repo: str = ""
    session: str = ""
    branch: str = ""
    url: str = ""

    def as_variables(self, installed: Servers) -> dict[str, str]:
        """Return it as variables that the servers read: options win over the environment there, too."""
        known = {"AGENT_ROLE": self.role, "SESSION_ID": self.session, "BRANCH": self.branch}
        known |= dict.fromkeys(installed.repo_variables, self.repo)
        return {name: value for name, value in known.items() if value}


@dataclass(frozen=True)
class PreparedRun:
    """All that an agent is started with.

    Attributes:
        environment: of its set-up, its servers and its command.
    """

    role: Role
    made: Configuration
    launch: ClientLaunch
    environment: dict[str, str]


def require_role(assignment: Assignment, *, push: bool) -> None:
    """Check that there is a role: the role decides what else is needed.

    Raises:
        UserError: there is none; names it, and a branch that is missing as well.
    """
    if not assignment.role:
        _refuse(["AGENT_ROLE (or --role)", *_missing_branch(assignment, push=push)])


def _missing_branch(assignment: Assignment, *, push: bool) -> list[str]:
    return ["BRANCH (or --branch), where --push pushes to"] if push and not assignment.branch else []


def check_session(session: str) -> None:
    """Check that the name of a session fits a line.

    Raises:
        UserError: it does not.
    """
    if len(session) > LONGEST_SESSION or not session.isprintable():
        raise UserError(f"SESSION_ID (or --session) takes at most {LONGEST_SESSION} printable characters.")


def prepare_run(
    assignment: Assignment,
    role: Role,
    installed: Servers,
    folders: UserFolders,
    environment: Mapping[str, str],
    *,
    push: bool = False,
) -> PreparedRun:
    """Decide what an agent is started with.

    Raises:
        UserError: something is wrong or missing.
    """
    check_session(assignment.session)
    choices = Choices(assignment.client, repo=assignment.repo or None)
    if assignment.url:
        choices = replace(choices, transport="http", url=assignment.url)
    launch = launch_of(assignment.client)
    context = make_plan_context(role, installed, choices, folders, environment)
    # A client may start its servers in another folder than ours.
    files = {name: str(Path(file).absolute()) for name, file in given_token_files(role, installed, environment).items()}
    context = replace(context, token_files=files)
    made = make_configuration_in(context, role, installed, CLIENTS[assignment.client], environment)
    resolved = replace(assignment, repo=context.repo or "")
    seen = {**environment, **resolved.as_variables(installed)}
    needed = (
        reference.name
        for server in made.plan.servers
        for template in server.templates
        for reference in template.references
        if reference.default is None
    )
    unset = [name for name in dict.fromkeys(needed) if name not in seen]
    _refuse([*_missing_branch(assignment, push=push), *unset])
    return PreparedRun(role, made, launch, seen)


def _refuse(missing: list[str]) -> None:
    if missing:
        raise UserError(f"The agent was not started. Not set: {'; '.join(missing)}.")
