"""`drone-mcp-config serve`: one process for all servers of a role, or of several roles."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

import anyio

from ci_mcp_kit import http_serving, logs, telemetry
from ci_mcp_kit.cleaning import Cleaner
from ci_mcp_kit.http_settings import HttpSettings
from ci_mcp_kit.redact import Redactor
from ci_mcp_kit.variables import SettingsError
from drone_mcp_build.settings import Settings
from drone_mcp_build.variables import WRITE_SECRETS
from drone_mcp_config.errors import UserError
from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import load_role
from drone_mcp_config.serving.app import many_roles, one_role, serving_app
from drone_mcp_config.serving.callers import CallerBook, Limits
from drone_mcp_config.serving.pool import Pool
from drone_mcp_config.serving.servers import HostedServer, role_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from ci_mcp_kit.http_app import HttpApp
    from ci_mcp_kit.http_serving import Places


def run(role: str | None, *, address: str, callers: Path | None, roles_dir: Path | None, replicas: int) -> None:
    """Serve until SIGTERM or SIGINT; without `role` and `callers`, the role that AGENT_ROLE names.

    `replicas` is how many such processes share the callers.

    Raises:
        UserError: for anything that the user can mend.
    """
    if not callers:
        role = role or os.environ.get("AGENT_ROLE")
    if bool(role) == bool(callers):
        raise UserError("Serve what? Add --role NAME for one role, or --roles-from FILE for callers of several.")
    environment = dict(os.environ)
    parts = _parts(roles_dir, environment)
    try:
        http = HttpSettings.read(address, environment, guarded=callers is not None)
        pool = Pool(parts)
        _set_up_logs(environment, http, pool)
        for name in WRITE_SECRETS:
            os.environ.pop(name, None)
        book = CallerBook(callers, parts) if callers else None
        places = http_serving.take(http)
    except SettingsError as error:
        raise UserError(f"{error}.") from error
    telemetry.start("drone-mcp", environment, over_http=True)
    try:
        _run(_serving(http, pool, role, book, Limits(replicas=replicas)), places)
    finally:
        telemetry.flush(telemetry.AT_STOP)


def _run(serving: AbstractAsyncContextManager[HttpApp], places: Places) -> None:
    try:
        anyio.run(_serve, serving, places)
    except ExceptionGroup as group:  # as task groups have it, with one exception in it: there is one user to tell
        first: Exception = group
        while isinstance(first, ExceptionGroup):
            first = first.exceptions[0]
        raise first from group


def _parts(roles_dir: Path | None, environment: Mapping[str, str]) -> Callable[[str], tuple[HostedServer, ...]]:
    """Return what loads a role, once."""
    installed, roles = read_installation(), role_library(roles_dir)

    @cache
    def parts(name: str) -> tuple[HostedServer, ...]:
        return role_parts(load_role(name, roles, installed), installed, environment)

    return parts


def _set_up_logs(environment: Mapping[str, str], http: HttpSettings, pool: Pool) -> None:
    settings = Settings.from_environment(environment)
    fixed = telemetry.secrets(environment)
    logs.configure(settings, Cleaner(Redactor(lambda: settings.secrets() + http.secrets() + pool.secrets() + fixed)))


def _serving(
    http: HttpSettings, pool: Pool, role: str | None, book: CallerBook | None, limits: Limits
) -> AbstractAsyncContextManager[HttpApp]:
    if book is not None:
        return serving_app(http, pool, many_roles(book, limits), book.roles)
    return serving_app(http, pool, one_role(str(role), http), [str(role)], lambda: http.is_ready)


async def _serve(serving: AbstractAsyncContextManager[HttpApp], places: Places) -> None:
    async with serving as app:
        await http_serving.serve_app(app, places)
