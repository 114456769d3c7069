"""Builds and transitions as text, for the stores that keep text."""

from __future__ import annotations

import json

from drone_mcp_client.models import Build
from drone_mcp_state.merge import Transition


def encode_build(build: Build) -> bytes:
    """Write Drone's own JSON, without what has its default value (a third shorter)."""
    return build.model_dump_json(exclude_defaults=True, by_alias=True).encode()


def decode_build(body: bytes) -> Build:
    """Read what `encode_build` wrote."""
    return Build.model_validate_json(body)


def encode_transitions(transitions: tuple[Transition, ...]) -> str:
    """Write a list of lists."""
    return json.dumps(transitions, separators=(",", ":"), ensure_ascii=False)


def decode_transitions(text: str | bytes) -> tuple[Transition, ...]:
    """Read what `encode_transitions` wrote."""
    return tuple(Transition(*row) for row in json.loads(text))
