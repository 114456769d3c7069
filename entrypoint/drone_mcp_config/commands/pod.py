"""`drone-mcp-config pod`: print the pod of an agent."""

from __future__ import annotations

import importlib.metadata
import re
import secrets
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import typer

from drone_mcp_config.agents.client_launch import launch_of
from drone_mcp_config.agents.kubernetes_pod import ROLES, TOKENS, PodChoices, PodVariable, agent_pod
from drone_mcp_config.agents.prepared_run import check_session
from drone_mcp_config.agents.pushable_branches import branch_problem, is_protected
from drone_mcp_config.agents.yaml_dumper import as_yaml
from drone_mcp_config.clients.configuration_builder import served_at
from drone_mcp_config.errors import UserError
from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.plan.making import PlanContext, make_plan
from drone_mcp_config.plan.token_variables import secret_variables, token_sources
from drone_mcp_config.roles.delegated_servers import load_delegated
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.model import IMAGE, VARIABLE
from drone_mcp_config.secret_recognition import names_a_secret

if TYPE_CHECKING:
    from pathlib import Path

    from drone_mcp_config.clients.formats import ClientName
    from drone_mcp_config.installation.reading import Servers
    from drone_mcp_config.roles.delegated_servers import Delegation
    from drone_mcp_config.roles.loading import Role

# A name that can stand in an address without escapes.
REPO = r"[A-Za-z0-9_][A-Za-z0-9._-]*/[A-Za-z0-9_][A-Za-z0-9._-]*"
# A DNS subdomain name (Kubernetes documentation, "Object Names and IDs").
OBJECT = r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?"
# The usual forms of a quantity (Kubernetes API reference, "Quantity"), without exponents.
QUANTITY = r"[0-9]{1,6}(\.[0-9]{1,3})?(m|[KMGT]i?)?"
LONGEST_IMAGE = 500


@dataclass(frozen=True)
class PodOptions:
    """The options as they were given; None stands for one that was not."""

    role: str | None
    delegation: Delegation
    repo: str | None
    branch: str | None
    base: str | None
    session: str | None
    client: ClientName
    url: str | None
    push: bool
    image: str | None
    secret_env: list[str]
    settings: str
    roles_config_map: str | None
    cpu: str
    memory: str


def run(options: PodOptions, command: list[str], roles_dir: Path | None) -> None:
    """Print the pod.

    Raises:
        UserError: an option is wrong or missing.
    """
    _check(options)
    installed = read_installation()
    role = load_delegated(str(options.role), options.delegation, role_library(roles_dir), installed)
    typer.echo(as_yaml(agent_pod(_choices(options, command, role, installed))), nl=False)
    for reason in role.not_held:
        typer.echo(f"Not added: {reason}.", err=True)
    if not (options.image or role.agent.image):
        typer.echo(
            f"The role {role.name!r} names no image for its agents (agent: image). The role's own has no agent, no git "
            "and no shell in it: build one with them on top, and name it with --image.",
            err=True,
        )


def _check(options: PodOptions) -> None:
    """Refuse missing options, all at once, then the first one that is wrong."""
    needed = {"--role": options.role, "--repo": options.repo, "--branch": options.branch}
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise UserError(f"A pod needs {', '.join(missing)}.")
    _match("--repo", options.repo, REPO, "the repository as owner/name")
    for name, branch in (("--branch", options.branch), ("--from", options.base)):
        problem = branch_problem(branch) if branch else None
        if problem:
            raise UserError(f"{branch!r} ({name}) {problem}.")
    if options.push and is_protected(str(options.branch), None):
        raise UserError(
            f"The branch {options.branch!r} is protected: give the agent a branch of its own, with --from "
            f"{options.branch}. Or add --no-push."
        )
    check_session(options.session or "")
    if options.image and (len(options.image) > LONGEST_IMAGE or not re.fullmatch(IMAGE, options.image)):
        raise UserError(f"--image is {options.image!r}: it takes a container image reference.")
    for option, value in (("--settings", options.settings), ("--roles-config-map", options.roles_config_map)):
        _match(option, value, OBJECT, "the name of an object")
    for option, value in (("--cpu", options.cpu), ("--memory", options.memory)):
        _match(option, value, QUANTITY, "a quantity, like 500m or 4Gi")
    for name in options.secret_env:
        _match("--secret-env", name, VARIABLE, "the name of a variable")


def _match(option: str, value: str | None, pattern: str, takes: str) -> None:
    if value is not None and not re.fullmatch(pattern, value):
        raise UserError(f"{option} is {value!r}: it takes {takes}.")


def _choices(options: PodOptions, command: list[str], role: Role, installed: Servers) -> PodChoices:
    launch = launch_of(options.client)
    served = served_at(options.url) if options.url else None
    # Kubernetes does not start a pod without a key that it is to mount; what may be missing comes as a variable.
    needed = replace(role, servers={name: entry for name, entry in role.servers.items() if not entry.optional})
    tokens = () if served else tuple(sorted(token_sources(needed, installed)))
    wanted = _wanted(role, installed, served, tokens)
    own = [PodVariable(name, secret=True) for name in dict.fromkeys(options.secret_env)]
    return PodChoices(
        role=role.name,
        repo=str(options.repo),
        branch=str(options.branch),
        base=options.base or str(options.branch),
        # Part of the pod's name: two pods for the same branch need different ones.
        session=options.session or secrets.token_hex(5),
        image=options.image or role.agent.image or f"drone-mcp-{role.name}:{importlib.metadata.version('drone-mcp')}",
        command=tuple(command) or (launch.program,),
        interactive=not command,
        options=_agent_options(options, role, served),
        setup=tuple(role.agent.setup or ()),
        tokens=tokens,
        wanted=(*wanted, *own),
        repo_variables=installed.repo_variables,
        settings=options.settings,
        roles=options.roles_config_map,
        cpu=options.cpu,
        memory=options.memory,
    )


def _agent_options(options: PodOptions, role: Role, served: str | None) -> tuple[str, ...]:
    given = {
        "--client": None if options.client == "claude" else options.client,
        "--url": served,
        "--roles-dir": ROLES if options.roles_config_map else None,
    }
    push = ("--push",) if options.push else ()
    added = [word for name in role.added for word in ("--with", name)]
    ceiling = ["--ceiling", options.delegation.ceiling or options.delegation.caller] if added else []
    return (*push, *added, *ceiling, *(word for name, value in given.items() if value for word in (name, value)))


def _wanted(role: Role, installed: Servers, served: str | None, tokens: tuple[str, ...]) -> list[PodVariable]:
    """Return the other variables that the configuration refers to, and those of optional services."""
    files = {name: f"{TOKENS}/{name}" for name in tokens}
    plan = make_plan(role, installed, PlanContext(sys.executable, served=served, token_files=files))
    known = secret_variables(role, installed)
    optional = {installed[name].server for name, entry in role.servers.items() if entry.optional}
    references = [
        (reference, server.name not in optional)
        for server in plan.servers
        for template in server.templates
        for reference in template.references
    ]
    needed = {reference.name for reference, by_all in references if by_all and reference.default is None}
    services = [service for name in role.servers for service in installed[name].services if service.optional]
    inherited = [] if served else [name for service in services for name in (service.address, service.token)]
    names = dict.fromkeys([*(reference.name for reference, _ in references), *inherited])
    return [PodVariable(name, names_a_secret(name) or name in known, optional=name not in needed) for name in names]
