"""Fixtures for all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from support.podman import podman, session_podman

__all__ = ["podman", "session_podman"]  # fixtures

# Each client for https loads the authorities that it trusts, which takes 25 ms for the public ones. No test needs them.
os.environ["SSL_CERT_FILE"] = str(Path(__file__).with_name("fixtures") / "authority.pem")

# A busy machine is no failure: nothing here is about time.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests on asyncio, as the servers do."""
    return "asyncio"


@pytest.fixture(params=["auto", "legacy"])
def era(request: pytest.FixtureRequest) -> str:
    """The mode of a client: the era of the protocol without `initialize`, or the one with it."""
    return str(request.param)
