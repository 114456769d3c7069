"""The address at which the command line of a simulator serves."""

from __future__ import annotations

import ipaddress

import typer


def parse_address(listen: str, *, allow_remote: bool) -> tuple[str, int]:
    """Return host and port of ADDRESS:PORT.

    Raises:
        BadParameter: it is none, or other machines can reach it and `allow_remote` is not set.
    """
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    if host == "localhost":
        host = "127.0.0.1"
    try:
        address = ipaddress.ip_address(host)
        number = int(port)
    except ValueError as error:
        raise typer.BadParameter(
            f"{listen!r} is not ADDRESS:PORT, such as 127.0.0.1:8080", param_hint="--listen"
        ) from error
    if not address.is_loopback and not allow_remote:
        raise typer.BadParameter(
            f"{host} can be reached from other machines and its tokens are known; --allow-remote allows it",
            param_hint="--listen",
        )
    return host, number
