"""Checks the address of Drone, the token, and Drone's clock against ours."""

from __future__ import annotations

import stat
import time
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import anyio
import httpx

from ci_mcp_http.addresses import is_exposed
from ci_mcp_kit.http_client_factory import http_client
from ci_mcp_kit.outgoing_text import Cleaner
from ci_mcp_kit.redact import Redactor
from ci_mcp_kit.suggesting import find_nearest
from ci_mcp_kit.variables import SettingsError
from drone_mcp_build.access import client_options
from drone_mcp_build.scope import RepoScope
from drone_mcp_build.settings import Settings
from drone_mcp_client.client import DroneClient
from drone_mcp_client.errors import DRONE, AuthenticationFailed, ServiceError, Unreachable
from drone_mcp_config.checking.check_result import Check
from drone_mcp_config.drone.service import REPO, TOKEN, TOKEN_FILE
from drone_mcp_state import StoreError, open_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping

LARGEST_SKEW = 60.0  # seconds; more makes times in answers misleading and signed webhooks look old
PATIENCE = 10.0  # seconds for one answer; a doctor does not let people wait


async def check_drone(environment: Mapping[str, str], tokens: Collection[str] = (TOKEN,)) -> AsyncIterator[Check]:
    """Yield the checks in the order in which they depend on each other.

    Args:
        environment: where a client would be started.
        tokens: the variables that hold the tokens for Drone, each of which may be given as a file.
    """
    try:
        settings = [(name, Settings.from_environment(_with_token(name, environment))) for name in sorted(tokens)]
        first = settings[0][1] if settings else Settings.from_environment(environment)
    except SettingsError as error:
        yield Check("settings", "failed", str(error), "Correct the variable where the client is started")
        return
    yield Check("settings", "ok", f"DRONE_SERVER is {first.server}")
    if is_exposed(first.server):
        fix = "Use https:// if Drone has it, or reach it through a tunnel"
        yield Check("encryption", "warning", "http to another machine: the token can be read on its way", fix)
    address = await check_address(first)
    yield address
    if address.status == "failed":
        return
    for name, one in settings:
        file = one.token_file
        if file and stat.S_IMODE(file.stat().st_mode) & (stat.S_IRGRP | stat.S_IROTH):
            yield Check("token file", "warning", f"{file} can be read by other users", f"chmod 600 {file}")
        yield await check_token("token" if name == TOKEN else name, name, one)
    if first.repo:
        yield await check_repository(first, first.repo)
    yield await _clock(first)


async def check_state(environment: Mapping[str, str]) -> AsyncIterator[Check]:
    """Check that the store of builds and notes can be opened and written, where it is not the process's own memory."""
    try:
        settings = Settings.from_environment(environment)
    except SettingsError:  # `check_drone` reports it
        return
    if settings.state == Settings.state:
        return
    clean = Cleaner(Redactor(settings.secrets))
    start = time.monotonic()
    try:
        with anyio.fail_after(PATIENCE):
            async with open_store(settings.state) as store:
                # A note, because a store may be readable only: a full disk, a replica.
                await store.notes.write_note("doctor", "", 1, at=time.time())
    except (StoreError, TimeoutError) as error:
        reason = clean.text(str(error)) or f"no answer within {PATIENCE:g} s"
        yield Check("state", "failed", reason, "Correct DRONE_MCP_STATE, or start the store")
    else:
        yield Check("state", "ok", "it can be written", seconds=time.monotonic() - start)


def _with_token(name: str, environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment of a server that takes its token from the variable `name`."""
    if name == TOKEN:
        return environment
    held = environment.get(name, "")
    # As a plan has it: a token that is set goes before its file.
    return {**environment, TOKEN: held, TOKEN_FILE: "" if held else environment.get(f"{name}_FILE", "")}


def _client(settings: Settings) -> DroneClient:
    # Without retries: what fails now and then is to be seen.
    return DroneClient(
        replace(client_options(settings, settings.token, settings.token_file, retries=0), timeout=PATIENCE)
    )


async def check_address(settings: Settings) -> Check:
    """Check that Drone answers at its address."""
    start = time.monotonic()
    try:
        async with _client(settings) as drone:
            found = await drone.version()
    except ServiceError as error:
        # The next step of an error without a known cause leads to this very command.
        is_unknown = error.next_step == Unreachable("", service=DRONE).next_step
        fix = "Check DRONE_SERVER, the network, a VPN and the proxy variables" if is_unknown else error.next_step
        return Check("address", "failed", error.message, fix)
    detail = f"Drone {found.version or 'of an unknown version'} answers at {settings.server}"
    return Check("address", "ok", detail, seconds=time.monotonic() - start)


async def check_token(title: str, variable: str, settings: Settings) -> Check:
    """Check that Drone knows the token of a variable; `title` names the check."""
    where = f"Take the token from the account page of the Drone user interface, and set {variable} to it"
    if settings.token is None and settings.token_file is None:
        return Check(title, "failed", f"neither {variable} nor {variable}_FILE is set", where)
    start = time.monotonic()
    try:
        async with _client(settings) as drone:
            user, repos = await drone.user(), await drone.repos()
    except AuthenticationFailed as error:
        # Without a status nothing was sent: the token could not be read, or can be none.
        detail = error.message if error.status is None else "Drone does not know this token"
        return Check(title, "failed", detail, where)
    except ServiceError as error:
        return Check(title, "failed", error.message, error.next_step)
    rights = "an administrator" if user.admin else "no administrator"
    seen = [repo for repo in repos if RepoScope(settings.repos).sees(repo.slug)]
    enabled = sum(repo.active for repo in seen)
    scope = " of this role" if settings.repos else ""
    count = f"{len(seen)} {'repository' if len(seen) == 1 else 'repositories'}{scope}, {enabled} enabled"
    detail = f"it is {user.login}'s, {rights}, and sees {count}"
    if not enabled and not user.admin:
        fix = "Enable a repository in Drone, or use the token of a user who sees one"
        return Check(title, "warning", detail, fix, time.monotonic() - start)
    return Check(title, "ok", detail, seconds=time.monotonic() - start)


async def check_repository(settings: Settings, slug: str) -> Check:
    """Check that the token reads a repository."""
    if not RepoScope(settings.repos).sees(slug):
        fix = f"Set {REPO} to one that matches {', '.join(settings.repos)}"
        return Check("repository", "failed", f"{slug} is not among the repositories of this role", fix)
    try:
        async with _client(settings) as drone:
            try:
                repo = await drone.repo(slug)
            except ServiceError as error:
                known = [repo.slug for repo in await drone.repos() if RepoScope(settings.repos).sees(repo.slug)]
                near = find_nearest(slug, known)
                fix = f"Did you mean {near!r}? Correct {REPO}" if near else f"Correct {REPO}. {error.next_step}"
                return Check("repository", "failed", f"{slug}: {error.message}", fix)
    except ServiceError as error:
        return Check("repository", "failed", error.message, error.next_step)
    if not repo.active:
        return Check(
            "repository", "warning", f"{slug} is not enabled in Drone, so it has no builds", "Enable it in Drone"
        )
    return Check("repository", "ok", f"{slug} can be read")


async def _clock(settings: Settings) -> Check:
    """Compare Drone's `Date` header, which is whole seconds, with this machine's time in the middle of the request."""
    try:
        async with http_client(settings.server, ca_file=settings.ca_file, timeout=PATIENCE) as http:
            before = time.time()
            # The status does not matter: every answer below 500 has a date (RFC 9110, section 6.6.1).
            answer = await http.head(f"{settings.server}/version")
            after = time.time()
        theirs = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (httpx.HTTPError, OSError, KeyError, ValueError):
        return Check("clock", "skipped", "the server did not report its time")
    skew = theirs - (before + after) / 2
    if abs(skew) > LARGEST_SKEW:
        detail = f"the server's clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} this machine's"
        return Check("clock", "warning", detail, "Set the clock that is wrong (NTP)")
    return Check("clock", "ok", f"within {LARGEST_SKEW:.0f} s of this machine's")
