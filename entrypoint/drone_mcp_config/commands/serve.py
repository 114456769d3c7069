"""`drone-mcp-config serve`: one process for all servers of a role, or of several roles."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from ci_mcp_kit import http_serving, logs, telemetry
from ci_mcp_kit.environment_secrets import secrets_in
from ci_mcp_kit.http_app import MAX_OPEN
from ci_mcp_kit.http_settings import HttpSettings
from ci_mcp_kit.outgoing_text import Cleaner
from ci_mcp_kit.redact import Redactor
from ci_mcp_kit.secret_files import read_secret
from ci_mcp_kit.settings import ProcessSettings
from ci_mcp_kit.variables import SettingsError
from drone_mcp_config.errors import UserError
from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.roles.delegated_servers import Delegation, RoleChoice, load_delegated
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import narrow_role
from drone_mcp_config.serving.app import many_roles, one_role, serving_app
from drone_mcp_config.serving.callers import CallerBook, Limits
from drone_mcp_config.serving.pool import Pool
from drone_mcp_config.serving.roles import ServedRoles
from drone_mcp_config.serving.servers import HostedServer, hosted_servers
from drone_mcp_config.serving.status import serving_status, take_status_address

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from starlette.requests import Request

    from ci_mcp_kit.http_app import HttpApp
    from ci_mcp_kit.http_process import SideService
    from ci_mcp_kit.http_serving import Places
    from drone_mcp_config.installation.reading import Servers
    from drone_mcp_config.installation.server_manifest import ManifestService
    from drone_mcp_config.serving.pool import SetKey


logger = logging.getLogger(__name__)


def run(
    role: str | None,
    *,
    address: str,
    callers: Path | None,
    roles_dir: Path | None,
    replicas: int,
    status: str | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; without `role` and `callers`, the role that AGENT_ROLE names.

    `replicas` is how many such processes share the callers; `status` is the address of status pages.

    Raises:
        UserError: for anything that the user can fix.
    """
    if not callers:
        role = role or os.environ.get("AGENT_ROLE")
    if bool(role) == bool(callers):
        raise UserError("Serve what? Add --role NAME for one role, or --roles-from FILE for callers of several.")
    environment = dict(os.environ)
    installed, roles = read_installation(), role_library(roles_dir)

    def make(choice: RoleChoice) -> tuple[HostedServer, ...]:
        role = load_delegated(choice.role, Delegation(choice.added, choice.ceiling), roles, installed)
        for reason in role.not_held:
            logger.warning("Not added to the role %s: %s", choice.role, reason)
        return hosted_servers(narrow_role(role, installed, environment), installed, environment)

    servers_of = ServedRoles(roles_dir, make).servers_of
    try:
        http = HttpSettings.read(address, environment, guarded=callers is not None)
        pool = Pool(servers_of)
        _set_up_logs(environment, installed, http, pool)
        # No child process inherits them; the servers take theirs from the copy above.
        for name in (name for manifest in installed.values() for name in manifest.guard_secrets):
            os.environ.pop(name, None)
        book = CallerBook(callers, servers_of) if callers else None
        for choice, has_own_tokens in book.uses if book else {(RoleChoice(str(role)), False)}:
            for server in servers_of(choice):
                server.check_settings(own_tokens=has_own_tokens)
        # After the checks: nobody should reach a process that then ends because of its settings.
        places = http_serving.take(http)
        page = take_status_address(status, http, guarded=book is not None) if status else None
    except SettingsError as error:
        raise UserError(f"{error}.") from error
    telemetry.start("drone-mcp", environment, over_http=True)
    identify = _identify(http, role, book, servers_of, Limits(replicas=replicas))
    if book is None:  # all agents of the role are one caller
        serving = serving_app(http, pool, identify, [RoleChoice(str(role))], lambda: http.is_ready, 10 * MAX_OPEN)
    else:
        serving = serving_app(http, pool, identify, book.roles)
    try:
        _run(serving, serving_status(page, identify, servers_of, pool), places)
    finally:
        telemetry.flush(telemetry.AT_STOP)


def _run(
    serving: AbstractAsyncContextManager[HttpApp],
    status: AbstractAsyncContextManager[tuple[SideService, ...]],
    places: Places,
) -> None:
    try:
        anyio.run(_serve, serving, status, places)
    except ExceptionGroup as group:  # of a task group, with one exception in it: that is the user's
        first: Exception = group
        while isinstance(first, ExceptionGroup):
            first = first.exceptions[0]
        raise first from group


def _set_up_logs(environment: Mapping[str, str], installed: Servers, http: HttpSettings, pool: Pool) -> None:
    """Log as the environment says, without any secret: of the servers, of this process, and of those who call it."""
    variables = {name for manifest in installed.values() for name in manifest.token_variables}
    tokens = [token for name in variables if (token := environment.get(name))]
    files = [Path(file) for name in variables if (file := environment.get(f"{name}_FILE"))]
    fixed = tokens + [secret.reveal() for secret in secrets_in(environment)]

    def secrets() -> list[str]:
        held = [token for file in files if (token := read_secret(file))]
        return fixed + held + http.secrets() + pool.secrets()

    logs.configure(ProcessSettings.from_environment(environment), Cleaner(Redactor(secrets)))


def _identify(
    http: HttpSettings,
    role: str | None,
    book: CallerBook | None,
    servers_of: Callable[[RoleChoice], tuple[HostedServer, ...]],
    limits: Limits,
) -> Callable[[Request], SetKey]:
    def services_of(choice: RoleChoice) -> tuple[ManifestService, ...]:
        services = (service for server in servers_of(choice) for service in server.manifest.needed_services)
        return tuple(dict.fromkeys(services))

    if book is not None:
        return many_roles(book, services_of, limits)
    return one_role(RoleChoice(str(role)), services_of, http)


async def _serve(
    serving: AbstractAsyncContextManager[HttpApp],
    status: AbstractAsyncContextManager[tuple[SideService, ...]],
    places: Places,
) -> None:
    async with serving as app, status as pages:
        await http_serving.serve_app(app, replace(places, side_services=(*places.side_services, *pages)))
