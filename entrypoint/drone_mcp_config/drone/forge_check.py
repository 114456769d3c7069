"""Checks the forge: its address, the token, and the scopes that the tools of a role need.

Where no address is set, Drone is asked which forge it works with. That address is shown to a person and never asked:
the token would go to whatever an answer names.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import httpx

from ci_mcp_kit.errors import AuthenticationFailed, ServiceError
from ci_mcp_kit.http_client_factory import http_client
from ci_mcp_kit.variables import SettingsError
from drone_mcp_build.settings import Settings
from drone_mcp_config.checking.check_result import Check
from forge_access.settings import ForgeSettings
from forge_client.errors import FORGE
from forge_client.gitea.client import GiteaForge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

PATIENCE: Final = 10.0  # seconds for one answer
LARGEST_ADDRESS: Final = 200  # characters


async def check_forge(
    environment: Mapping[str, str], needed: Mapping[str, tuple[str, ...]], *, is_needed: bool
) -> AsyncIterator[Check]:
    """Yield the checks in the order in which they depend on each other.

    Args:
        environment: where a client would be started.
        needed: tool -> the scopes that its token needs.
        is_needed: whether a role has such tools, so that a missing address is a fault.
    """
    if not environment.get(FORGE.address, "").strip():
        yield await _unset(environment, is_needed=is_needed)
        return
    try:
        settings = ForgeSettings.from_environment(environment)
    except SettingsError as error:
        if error.variable.startswith("FORGE_"):  # the check of Drone reports the others
            yield Check("forge settings", "failed", str(error), "Correct the variable where the client is started")
        return
    # Without retries: what fails now and then is to be seen.
    options = replace(settings.forge_options(), retries=0, timeout=PATIENCE)
    async with GiteaForge(options) as forge:
        start = time.monotonic()
        try:
            version = await forge.version()
        except ServiceError as error:
            # A wrong token is refused even where none would be needed.
            name = "forge token" if isinstance(error, AuthenticationFailed) else "forge"
            yield Check(name, "failed", error.message, error.next_step)
            return
        detail = f"{version.kind.capitalize()} {version.version} answers at {settings.forge_server}"
        yield Check("forge", "ok", detail, seconds=time.monotonic() - start)
        for check in await _token(forge, settings, needed):
            yield check


async def _token(forge: GiteaForge, settings: ForgeSettings, needed: Mapping[str, tuple[str, ...]]) -> list[Check]:
    where = f"Create a token on the applications page of the forge's user settings, and set {FORGE.token} to it"
    if not (settings.forge_token or settings.forge_token_file):
        return [Check("forge token", "failed", f"neither {FORGE.token} nor {FORGE.token}_FILE is set", where)]
    try:
        facts = await forge.token()
    except ServiceError as error:
        return [Check("forge token", "failed", error.message, error.next_step)]
    every = sorted({scope for scopes in needed.values() for scope in scopes})
    if facts is None:
        detail = f"the forge does not tell the scopes of a token; the tools need {', '.join(every)}"
        return [Check("forge token", "skipped", detail)]
    lacking: dict[str, list[str]] = defaultdict(list)
    for tool, scopes in needed.items():
        for scope in facts.find_missing(*scopes):
            lacking[scope].append(tool)
    if not lacking:
        return [Check("forge token", "ok", f"it is {facts.login}'s, and has the scopes {', '.join(every) or 'needed'}")]
    return [
        Check("forge token", "failed", f"it lacks the scope {scope}, which these tools need: {', '.join(tools)}", where)
        for scope, tools in lacking.items()
    ]


async def _unset(environment: Mapping[str, str], *, is_needed: bool) -> Check:
    """Name the forge that Drone works with (harness/drone v2.25.0, handler/web/varz.go), without asking it."""
    known = ""
    try:
        settings = Settings.from_environment(environment)
        async with http_client(settings.server, ca_file=settings.ca_file, timeout=PATIENCE) as http:
            answer = await http.get(f"{settings.server}/varz")
        known = str(answer.json()["scm"]["url"]).rstrip("/")[:LARGEST_ADDRESS]
    except (SettingsError, httpx.HTTPError, OSError, KeyError, TypeError, ValueError):
        pass  # a hint is missing then, and the check of Drone says why
    hint = f"; Drone names {known}" if known else ""
    fix = f"Set {FORGE.address} to the forge of the repositories" + (f", {known} if you trust it" if known else "")
    return Check("forge", "failed" if is_needed else "skipped", f"{FORGE.address} is not set{hint}", fix)
