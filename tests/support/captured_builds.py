"""Snapshots of builds as a real Drone 2.25.0 sent them, in deliveries and in API answers, in the order of time."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from drone_mcp_client.models import Build, Event

FIXTURES = Path(__file__).parent.parent / "fixtures" / "drone-2.25.0"
SECRET = "hooksecret"


class Delivery(NamedTuple):
    at: float
    headers: dict[str, str]
    body: bytes


def deliveries() -> list[Delivery]:
    lines = (FIXTURES / "webhooks.jsonl").read_text(encoding="utf-8").splitlines()
    return [Delivery(at, headers, body.encode()) for at, _, headers, body in map(json.loads, lines)]


def events() -> list[Event]:
    return [Event.model_validate_json(delivery.body) for delivery in deliveries()]


def last_delivered(number: int) -> Build:
    """The last snapshot of a build that Drone delivered."""
    return [event.build for event in events() if event.build is not None and event.build.number == number][-1]


def answers() -> list[Build]:
    """All builds in API answers; lists and creations give them without stages."""
    found = []
    for path in sorted(FIXTURES.glob("*.json")):
        try:
            body = json.loads(json.loads(path.read_text(encoding="utf-8"))["response"]["body_text"])
        except ValueError:
            continue
        items = body if isinstance(body, list) else [body]
        found += [Build.model_validate(item) for item in items if _is_build(item)]
    return found


def _is_build(item: Any) -> bool:
    return isinstance(item, dict) and {"number", "repo_id", "after", "status", "version"} <= item.keys()


def histories() -> dict[int, list[Build]]:
    """Each build's deliveries, then what the API said of it."""
    found: dict[int, list[Build]] = defaultdict(list)
    for event in events():
        if event.build is not None:
            found[event.build.number].append(event.build)
    for build in answers():
        if build.repo_id == 1:
            found[build.number].append(build)
    return dict(found)
