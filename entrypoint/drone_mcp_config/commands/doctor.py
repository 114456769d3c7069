"""`drone-mcp-config doctor`: check that everything works from here, and report how to fix each failure."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import typer
from rich.text import Text

from ci_mcp_kit.guard.variables import AUDIT
from ci_mcp_kit.terminal import standard_output
from drone_mcp_config.checking.check_result import Check, Status, cleaner_for
from drone_mcp_config.clients.configuration_builder import Choices, Transport, make_plan_context
from drone_mcp_config.clients.folders import UserFolders
from drone_mcp_config.drone import service as drone
from drone_mcp_config.errors import UserError
from drone_mcp_config.installation.reading import Servers, read_installation
from drone_mcp_config.plan.making import (
    expected_tools,
    make_plan,
    offered_tools,
    probes_by_server,
    self_checking_servers,
)
from drone_mcp_config.plan.token_variables import service_sources
from drone_mcp_config.roles.delegated_servers import NOTHING_ADDED, load_delegated
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import Role, narrow_role

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from drone_mcp_config.plan.model import RolePlan
    from drone_mcp_config.roles.delegated_servers import Delegation

STYLES: dict[Status, str] = {"ok": "green", "warning": "yellow", "failed": "bold red", "skipped": "dim"}


@dataclass(frozen=True)
class ServerLocation:
    """Where the role's servers run: started here, or served at `url`."""

    transport: Transport = "stdio"
    url: str | None = None
    own_token: bool = False


def run(
    role_name: str | None,
    where: ServerLocation,
    *,
    delegation: Delegation = NOTHING_ADDED,
    roles_dir: Path | None,
    as_json: bool,
) -> None:
    """Run the checks and print them.

    Raises:
        UserError: there is no such role, or the options do not go together.
        typer.Exit: with 1 when any check failed.
    """
    installed = read_installation()
    role = load_delegated(role_name, delegation, role_library(roles_dir), installed) if role_name else None
    if role is None and (where != ServerLocation() or delegation.servers or delegation.ceiling):
        raise UserError("Whose servers? Add --role NAME.")
    checks = anyio.run(_collect, role, installed, where, (lambda _: None) if as_json else _print)
    failed = any(check.status == "failed" for check in checks)
    counts = Counter(check.status for check in checks)
    if as_json:
        data = {"ok": not failed, "counts": counts, "checks": [check.as_data() for check in checks]}
        typer.echo(json.dumps(data, indent=2))
    else:
        sums = ", ".join(f"{counts[status]} {status}" for status in STYLES if counts[status])
        standard_output().print(f"{len(checks)} checks: {sums}.")
    if failed:
        raise typer.Exit(1)


async def _collect(
    role: Role | None, installed: Servers, where: ServerLocation, report: Callable[[Check], None]
) -> list[Check]:
    checks: list[Check] = []
    clean = cleaner_for(os.environ)
    async for found in _checks(role, installed, where):
        check = found.cleaned(clean)
        report(check)
        checks.append(check)
    return checks


async def _checks(role: Role | None, installed: Servers, where: ServerLocation) -> AsyncIterator[Check]:
    from drone_mcp_config.checking.audit_and_telemetry import check_needs  # noqa: PLC0415 - brings httpx, slow to load

    if installed.broken:
        incomplete = "; ".join(
            f"the server {name!r} is incomplete: {fault}" for name, fault in installed.broken.items()
        )
        yield Check("installation", "warning", incomplete, "Install drone-mcp again")
    narrow = narrow_role(role, installed, os.environ) if role else None
    async for check in _check_services(role, narrow, installed, where):
        yield check
    if narrow is None:
        yield Check("servers", "skipped", "none started", "Add --role NAME to start the servers of a role")
        return
    for check in _list_missing(narrow, installed):
        yield check
    context = make_plan_context(narrow, installed, _choices(where), UserFolders.here(), os.environ)
    if context.served is not None:
        from drone_mcp_config.checking.served import check_address  # noqa: PLC0415 - as above

        async for check in check_address(context.served):
            yield check
        if check.status == "failed":
            return
    else:
        services = dict.fromkeys(service for name in narrow.servers for service in installed[name].services)
        # As `plan.making`, which leaves out what a role that is limited to repositories must not see.
        optional = [one for one in services if one.optional and (one.scope or not narrow.repos)]
        async for check in check_needs(_audit_places(narrow, installed, os.environ), optional, os.environ):
            yield check
    async for check in _check_servers(make_plan(narrow, installed, context), narrow, installed):
        yield check


async def _check_servers(plan: RolePlan, role: Role, installed: Servers) -> AsyncIterator[Check]:
    """Start the servers, or reach those that are served, and have them check what their tokens may do."""
    from drone_mcp_config.checking.servers import check_servers  # noqa: PLC0415 - brings the SDK, slow to load
    from drone_mcp_config.checking.tokens import check_tokens  # noqa: PLC0415 - likewise

    probes = probes_by_server(role, installed)
    async for check in check_servers(plan, expected_tools(role, installed), os.environ, probes):
        yield check
    async for check in check_tokens(plan, self_checking_servers(role, installed), os.environ):
        yield check


def _list_missing(role: Role, installed: Servers) -> Iterator[Check]:
    """Report the servers that were to be added to a role and are not, and optional ones without an address."""
    for reason in role.not_held:
        fix = "Name another --ceiling, or leave it out of --with"
        yield Check("role", "warning", f"not added: {reason}", fix)
    for name, addresses in role.left_out.items():
        detail = f"it is optional, and {' and '.join(addresses)} is not set"
        yield Check(installed[name].server, "skipped", detail, f"Set {' and '.join(addresses)} to have it")


async def _check_services(
    role: Role | None, narrow: Role | None, installed: Servers, where: ServerLocation
) -> AsyncIterator[Check]:
    """Ask the services of the role, or of all servers; `narrow` is the role without the servers that it leaves out."""
    from drone_mcp_config.drone.check import check_drone, check_state  # noqa: PLC0415 - brings httpx, slow to load

    manifests = installed.values() if role is None else [installed[name] for name in role.servers]
    asked = {service.name for manifest in manifests for service in manifest.services}
    # A served role without tokens of one's own asks its services from elsewhere.
    if drone.NAME in asked and (where.transport == "stdio" or where.own_token):
        seen = os.environ | ({drone.SCOPE: ",".join(role.repos)} if role and role.repos else {})
        tokens = {drone.TOKEN} if role is None or where.own_token else service_sources(role, installed, drone.NAME)
        async for check in check_drone(seen, tokens):
            yield check
        if where.transport == "stdio":
            async for check in check_state(seen):
                yield check
    needed = _needed_scopes(role, installed)
    if needed and where.transport == "stdio":
        from drone_mcp_config.drone.forge_check import check_forge  # noqa: PLC0415 - as above

        # A role that has left the servers of the forge out does without it; another optional server is no reason.
        is_needed = narrow is not None and bool(_needed_scopes(narrow, installed))
        async for check in check_forge(os.environ, needed, is_needed=is_needed):
            yield check


def _needed_scopes(role: Role | None, installed: Servers) -> dict[str, tuple[str, ...]]:
    """Return the reading tools of a role, or of all servers, -> the scopes that their token needs, if any."""
    names = tuple(installed) if role is None else tuple(role.servers)
    offered = {name: offered_tools(role.servers[name], installed[name]) for name in names} if role else {}
    return {
        tool.name: tool.scopes
        for name in names
        for tool in installed[name].tools
        if tool.scopes and tool.read_only and (role is None or tool.name in offered[name])
    }


def _audit_places(role: Role, installed: Servers, environment: Mapping[str, str]) -> list[str]:
    """Return where the guards write audit lines; stderr needs no check, and a server reports a wrong value."""
    places: dict[str, None] = {}
    for name, entry in role.servers.items():
        guard = installed[name].guard
        if guard is None or entry.mode not in {"dry-run", "on"} or AUDIT.name not in installed[name].environment:
            continue
        own = [value for key, value in (entry.guard or {}).items() if guard.keys[key].variable == AUDIT.name and value]
        place = own[0] if own else environment.get(AUDIT.name, "").strip()
        if place.startswith(("http://", "https://")) or Path(place).is_absolute():
            places[place] = None
    return list(places)


def _choices(where: ServerLocation) -> Choices:
    if where.transport == "http":
        return Choices(transport="http", url=where.url, own_token=where.own_token)
    token_file = os.environ.get(drone.TOKEN_FILE)
    file = Path(token_file) if token_file else None
    return Choices(repo=os.environ.get(drone.REPO), token_file=file, url=where.url, own_token=where.own_token)


def _print(check: Check) -> None:
    console = standard_output()
    took = f" ({check.seconds:.2f} s)" if check.seconds is not None else ""
    console.print(Text.assemble((f"{check.status:<8}", STYLES[check.status]), f"{check.name}: {check.detail}{took}"))
    if check.fix:
        console.print(Text(f"{'':8}-> {check.fix}"))
