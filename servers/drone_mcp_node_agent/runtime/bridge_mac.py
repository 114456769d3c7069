"""Keeps the hardware address of a network's bridge the same for as long as the bridge is there."""

from __future__ import annotations

import contextlib
import fcntl
import socket
import struct
from pathlib import Path
from typing import Final

# https://man7.org/linux/man-pages/man7/netdevice.7.html
SIOCSIFHWADDR: Final = 0x8924
ARPHRD_ETHER: Final = 1
REQUEST: Final = "16sH6s16x"  # struct ifreq: name, family, address


def keep_address(interface: str) -> None:
    """Make the address that a bridge has its own.

    Without that it has the lowest one of its ports, so another one whenever a container comes or goes, and for seconds
    no other container reaches the gateway and with it the name server. netavark does the same since
    https://github.com/containers/netavark/pull/833.
    """
    device = Path("/sys/class/net", interface)
    if not (device / "bridge").exists():
        return
    address = bytes.fromhex((device / "address").read_text("ascii").replace(":", ""))
    request = struct.pack(REQUEST, interface.encode(), ARPHRD_ETHER, address)
    # Where this is not allowed, or the bridge has just gone, containers run all the same.
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFHWADDR, request)
