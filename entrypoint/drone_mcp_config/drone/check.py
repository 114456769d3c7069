"""Checks the address of Drone, the token, and Drone's clock against ours."""

from __future__ import annotations

import stat
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx

from ci_mcp_http.addresses import is_exposed
from ci_mcp_kit.http_client import http_client
from ci_mcp_kit.variables import SettingsError
from drone_mcp_build.settings import Settings
from drone_mcp_client.client import DroneClient
from drone_mcp_client.errors import AuthenticationFailed, ServiceError, Unreachable
from drone_mcp_client.options import DroneOptions
from drone_mcp_config.checking.check import Check

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

LARGEST_SKEW = 60.0  # seconds; more makes times in answers misleading and signed webhooks look old
PATIENCE = 10.0  # seconds for one answer; a doctor does not let people wait
WHERE_IT_IS = "Take the token from the account page of the Drone user interface, and set DRONE_TOKEN to it"


async def check_drone(environment: Mapping[str, str]) -> AsyncIterator[Check]:
    """Yield the checks in the order in which they depend on each other."""
    try:
        settings = Settings.from_environment(environment)
    except SettingsError as error:
        yield Check("settings", "failed", str(error), "Correct the variable where the client is started")
        return
    yield Check("settings", "ok", f"DRONE_SERVER is {settings.server}")
    if is_exposed(settings.server):
        mend = "Use https:// if Drone has it, or reach it through a tunnel"
        yield Check("encryption", "warning", "http to another machine: the token can be read on its way", mend)
    for check in _token_file(settings):
        yield check
    async with DroneClient(_options(settings)) as drone:
        address = await _address(drone, settings)
        yield address
        if address.status == "failed":
            return
        yield await _token(drone, settings)
    yield await _clock(settings)


def _options(settings: Settings) -> DroneOptions:
    return DroneOptions(
        server=settings.server,
        token=settings.token.reveal() if settings.token else None,
        token_file=settings.token_file,
        timeout=PATIENCE,
        retries=0,  # what fails now and then is to be seen
        ca_file=settings.ca_file,
    )


def _token_file(settings: Settings) -> list[Check]:
    file = settings.token_file
    if file is None or not stat.S_IMODE(file.stat().st_mode) & (stat.S_IRGRP | stat.S_IROTH):
        return []
    return [Check("token file", "warning", f"{file} can be read by other users", f"chmod 600 {file}")]


async def _address(drone: DroneClient, settings: Settings) -> Check:
    start = time.monotonic()
    try:
        found = await drone.version()
    except Unreachable as error:
        return Check(
            "address", "failed", error.message, "Check DRONE_SERVER, the network, a VPN and the proxy variables"
        )
    except ServiceError as error:
        return _failed("address", error)
    detail = f"Drone {found.version or 'of an unknown version'} answers at {settings.server}"
    return Check("address", "ok", detail, seconds=time.monotonic() - start)


async def _token(drone: DroneClient, settings: Settings) -> Check:
    if settings.token is None and settings.token_file is None:
        return Check("token", "failed", "neither DRONE_TOKEN nor DRONE_TOKEN_FILE is set", WHERE_IT_IS)
    start = time.monotonic()
    try:
        user = await drone.user()
    except AuthenticationFailed as error:
        # Without a status nothing was sent: the token could not be read, or can be none.
        detail = error.message if error.status is None else "Drone does not know this token"
        return Check("token", "failed", detail, WHERE_IT_IS)
    except ServiceError as error:
        return _failed("token", error)
    rights = "an administrator" if user.admin else "no administrator"
    return Check("token", "ok", f"it is {user.login}'s, {rights}", seconds=time.monotonic() - start)


def _failed(name: str, error: ServiceError) -> Check:
    return Check(name, "failed", error.message, error.next_step)


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
        return Check("clock", "skipped", "the server did not say what time it is")
    skew = theirs - (before + after) / 2
    if abs(skew) > LARGEST_SKEW:
        detail = f"the server's clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} this machine's"
        return Check("clock", "warning", detail, "Set the clock that is wrong (NTP)")
    return Check("clock", "ok", f"within {LARGEST_SKEW:.0f} s of this machine's")
