"""States, times and results in words and colours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.text import Text

from ci_mcp_kit.sanitize import sanitize
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

RED, YELLOW, GREEN, DIM = "red", "yellow", "green", "dim"
_STYLES = {
    pb.STATE_RUNNING: GREEN,
    pb.STATE_STARTING: YELLOW,
    pb.STATE_PAUSED: YELLOW,
    pb.STATE_EXITED: RED,
    pb.STATE_UNHEALTHY: RED,
    pb.STATE_REMOVED: RED,
}
_UNITS = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
_WORST_FIRST = (
    pb.STATE_UNHEALTHY,
    pb.STATE_EXITED,
    pb.STATE_REMOVED,
    pb.STATE_STARTING,
    pb.STATE_PAUSED,
    pb.STATE_STOPPED,
    pb.STATE_UNSPECIFIED,
    pb.STATE_RUNNING,
    pb.STATE_IGNORE,
)


def clean(text: str, style: str = "") -> Text:
    """Return text of a node on one line, with nothing that a terminal would obey."""
    return Text(" ".join(sanitize(text).split()), style)


def name_state(state: pb.State.ValueType) -> str:
    """Return a state in a word; a daemon of a later release may have further ones."""
    if state == pb.STATE_UNSPECIFIED or state not in pb.State.values():
        return "unknown"
    return pb.State.Name(state).removeprefix("STATE_").lower()


def show_state(status: pb.ComponentStatus) -> Text:
    """Return the state of a component: in red where it should be another one."""
    wanted = status.desired in {pb.STATE_UNSPECIFIED, pb.STATE_IGNORE, status.observed}
    style = _STYLES.get(status.observed, DIM) if wanted or status.observed == pb.STATE_STARTING else RED
    text = Text("flapping" if status.flapping else name_state(status.observed), RED if status.flapping else style)
    if status.observed == pb.STATE_EXITED:
        text.append(f" ({status.exit_code}{', out of memory' if status.oom_killed else ''})")
    return text


def judge_service(service: pb.ServiceStatus) -> pb.ComponentStatus:
    """Return the component that is in the worst state; that stands for the service."""
    components = [*service.components] or [pb.ComponentStatus()]
    return min(
        components,
        key=lambda one: (
            not one.flapping,
            one.observed == one.desired,
            _WORST_FIRST.index(one.observed) if one.observed in _WORST_FIRST else 0,
        ),
    )


def format_age(stamp: Timestamp, now: datetime) -> str:
    """Return how long ago something was, in its two largest units; "" if it never was."""
    if not stamp.seconds or stamp.seconds < 0:
        return ""
    left = max(0, int(now.timestamp()) - stamp.seconds)
    parts: list[str] = []
    for unit, seconds in _UNITS:
        count, left = divmod(left, seconds)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
        elif parts:
            break
    return " ".join(parts[:2])


def format_time(stamp: Timestamp) -> str:
    """Return a time as people of all time zones read it."""
    moment = datetime.fromtimestamp(stamp.seconds, UTC).astimezone()
    return f"{moment:%Y-%m-%d %H:%M:%S}"
