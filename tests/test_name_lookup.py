"""Tests ask nothing outside of this machine, so what they show does not depend on a network."""

from __future__ import annotations

import socket

import anyio
import pytest


@pytest.mark.parametrize("host", ["service.example.com", b"service.example.com"])
def test_the_name_of_another_host_is_not_found(host: bytes | str) -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo(host, 443)


async def test_no_library_looks_it_up_in_another_way() -> None:
    with pytest.raises(OSError, match="Name or service not known"):
        await anyio.connect_tcp("service.example.com", 443)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", None, socket.gethostname()])
def test_this_machine_is_found(host: str | None) -> None:
    assert socket.getaddrinfo(host, 443)
