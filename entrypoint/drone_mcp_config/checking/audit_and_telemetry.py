"""Checks what a role's servers use next to Drone and the forge: places for audit lines, telemetry, monitoring."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from ci_mcp_kit import telemetry
from ci_mcp_kit.guard.variables import AUDIT
from ci_mcp_kit.http_client_factory import http_client
from ci_mcp_kit.outgoing_text import one_line
from drone_mcp_config.checking.check_result import Check

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from drone_mcp_config.installation.server_manifest import ManifestService

PATIENCE = 10.0  # seconds for one answer; a doctor does not let people wait
LONGEST_QUOTE = 200  # characters of a library's message in ours
SIGNALS = ("ENDPOINT", "TRACES_ENDPOINT", "METRICS_ENDPOINT")


async def check_needs(
    audit: Iterable[str], optional: Iterable[ManifestService], environment: Mapping[str, str]
) -> AsyncIterator[Check]:
    """Yield a check for each place that servers write to, and for services that they can do without.

    Args:
        audit: the paths and addresses that take audit lines.
        optional: services that servers ask where they are set.
        environment: where a client would be started.
    """
    for place in audit:
        yield await _check_collector(place) if place.startswith(("http://", "https://")) else _check_file(Path(place))
    if telemetry.wanted(environment) != telemetry.NOTHING:
        yield await _check_telemetry(environment)
    async for check in _check_optional(optional, environment):
        yield check


async def _check_optional(services: Iterable[ManifestService], environment: Mapping[str, str]) -> AsyncIterator[Check]:
    """Yield a check for each optional service that is set, and one that names the others."""
    unset: list[ManifestService] = []
    for service in services:
        url = environment.get(service.address, "").strip()
        if not url:
            unset.append(service)
        elif fault := await _ask(url):
            fix = f"Correct {service.address}; tools that do not ask {service.name} work without it"
            yield Check(service.name, "warning", f"nothing answers at the address in {service.address}: {fault}", fix)
        else:
            yield Check(service.name, "ok", f"something answers at the address in {service.address}")
    if unset:
        names, addresses = (", ".join(words) for words in zip(*((s.name, s.address) for s in unset), strict=True))
        yield Check("monitoring", "skipped", f"there is none of {names}", f"Set {addresses} for the tools that ask it")


def _check_file(path: Path) -> Check:
    """Check that lines can be added to a file, without adding one: it is a chain that is read from its start."""
    if path.exists():
        fault = (
            "" if path.is_file() and os.access(path, os.R_OK | os.W_OK) else f"{path} is no file that can be written"
        )
    else:
        fault = "" if os.access(path.parent, os.W_OK | os.X_OK) else f"no file can be made in {path.parent}"
    if fault:
        fix = f"Correct {AUDIT.name} (in a role file: audit): without it, the guard refuses every change"
        return Check("audit log", "failed", fault, fix)
    return Check("audit log", "ok", f"{path} can be written")


async def _check_collector(url: str) -> Check:
    if fault := await _ask(url):
        fix = f"Start the collector, or correct {AUDIT.name}: without it, the guard refuses every change"
        return Check("audit log", "failed", f"nothing answers at {url}: {fault}", fix)
    return Check("audit log", "ok", f"a collector answers at {url}")


async def _check_telemetry(environment: Mapping[str, str]) -> Check:
    try:
        importlib.import_module("ci_mcp_kit.otel_observer")
    except ImportError:
        return Check("telemetry", "warning", "it is not sent", "pip install 'drone-mcp[otel]'")
    urls = dict.fromkeys(environment.get(f"{telemetry.PREFIX}_{signal}", "").strip() for signal in SIGNALS)
    for url in filter(None, urls):
        if fault := await _ask(url):
            fix = f"Start the collector, or correct {telemetry.PREFIX}_ENDPOINT; servers work without it"
            return Check("telemetry", "warning", f"nothing answers at the address of the collector: {fault}", fix)
    return Check("telemetry", "ok", "the collector answers")


async def _ask(url: str) -> str:
    """Return why nothing answers at an address, "" if something does; any answer will do."""
    try:
        async with http_client(url, timeout=PATIENCE) as http:
            await http.head(url)
    # A wrong address is a ValueError or an InvalidURL, a wrong proxy variable an OSError.
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        return one_line(str(error) or type(error).__name__, LONGEST_QUOTE)
    return ""
