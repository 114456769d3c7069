"""Fixtures for all tests."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from typing import Any

import mcp.client.session
import pytest
from hypothesis import HealthCheck, settings

import ci_mcp_kit.stdio_serving
from support.event_loop import EventLoop
from support.name_lookup import stay_on_this_machine
from support.patience import PATIENCE
from support.podman import podman, session_podman

__all__ = ["podman", "session_podman"]  # fixtures

# Each client for https loads the authorities that it trusts, which takes 25 ms for the public ones. No test needs them.
os.environ["SSL_CERT_FILE"] = str(Path(__file__).with_name("fixtures") / "authority.pem")

# A busy machine is no failure: nothing here is about time.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

stay_on_this_machine()

# The SDK gives a server ten seconds for its first answer, within which a busy machine may not have started it.
mcp.client.session.DISCOVER_TIMEOUT_SECONDS = PATIENCE
# A process ends soon after its server, so it gives the server a quarter of a second to close its connections. Within a
# test they are closed on however busy a machine: a later test would fail for a socket that was left open.
ci_mcp_kit.stdio_serving.CLEAN_UP = PATIENCE


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the time limit of `scripts/test --quick`."""
    text = "skip tests that would begin after this time, in seconds since 1970"
    parser.addoption("--end-at", type=float, default=math.inf, help=text)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test for which no time is left."""
    if time.time() >= item.config.getoption("end_at"):
        pytest.skip("no time left")


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Run async tests on asyncio, as the servers do."""
    return "asyncio", {"loop_factory": EventLoop}


@pytest.fixture(params=["auto", "legacy"])
def era(request: pytest.FixtureRequest) -> str:
    """The mode of a client: the era of the protocol without `initialize`, or the one with it."""
    return str(request.param)
