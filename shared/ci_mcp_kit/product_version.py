"""The version of this distribution, which servers, requests and telemetry name."""

from importlib.metadata import version

VERSION = version("drone-mcp")
