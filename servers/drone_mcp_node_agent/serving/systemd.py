"""Tells systemd how the daemon stands (sd_notify(3)); does nothing where systemd did not start it."""

from __future__ import annotations

import os
import socket


def notify(state: str) -> None:
    """Send a state such as `READY=1` to the socket of NOTIFY_SOCKET."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as connection:
        # "@" stands for the zero byte that an abstract address begins with.
        connection.connect(address.replace("@", "\0", 1) if address.startswith("@") else address)
        connection.sendall(state.encode())
