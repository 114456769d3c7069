"""How to reach a Drone server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_mcp_http.options import ClientOptions
from drone_mcp_client.errors import DRONE

if TYPE_CHECKING:
    from ci_mcp_kit.errors import Service


@dataclass(frozen=True, kw_only=True)
class DroneOptions(ClientOptions):
    """`ClientOptions` for Drone, which takes the token as a bearer token. Without one every request is a guest's."""

    service: Service = DRONE
