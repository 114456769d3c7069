"""Summarises a trace: failed spans and the critical path first. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_kit.outgoing_text import one_line
from drone_mcp_build.iso_time import format_time
from drone_mcp_observe.durations import count
from drone_mcp_observe.views import FailedSpan, PathStretch, TraceView
from monitoring_client.traces import find_critical_path, find_failures, find_root

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitoring_client.traces import Span, Stretch

_NAME_WIDTH: Final = 60  # characters
_ERROR_WIDTH: Final = 160
_MOST_FAILED: Final = 8
_MOST_STRETCHES: Final = 12
_MOST_SERVICES: Final = 12


def present_trace(spans: Sequence[Span]) -> TraceView:
    """Present the spans of a trace."""
    root = find_root(spans)
    if root is None:
        return TraceView(spans=0, milliseconds=0, start=None, root="", note="The trace has no spans")
    failures, path = find_failures(spans), _join_stretches(find_critical_path(spans))
    # By what they took; shown in order of time.
    longest = sorted(path, key=lambda stretch: -stretch.seconds)[:_MOST_STRETCHES]
    services = sorted({one_line(span.service, _NAME_WIDTH) for span in spans} - {""})
    parts = [count(len(failures) - _MOST_FAILED, "more failed span")] if len(failures) > _MOST_FAILED else []
    parts += [count(len(path) - len(longest), "shorter part") + " of the path"] if len(path) > len(longest) else []
    parts += [count(len(services) - _MOST_SERVICES, "more service")] if len(services) > _MOST_SERVICES else []
    return TraceView(
        start=format_time(round(root.start)),
        root=name_span(root),
        milliseconds=milliseconds(root.seconds),
        spans=len(spans),
        services=tuple(services[:_MOST_SERVICES]),
        failed=tuple(
            FailedSpan(
                span=name_span(one),
                at=milliseconds(one.start - root.start),
                milliseconds=milliseconds(one.seconds),
                error=one_line(one.error, _ERROR_WIDTH),
            )
            for one in failures[:_MOST_FAILED]
        ),
        critical_path=tuple(
            PathStretch(
                span=name_span(one.span),
                milliseconds=milliseconds(one.seconds),
                share=round(100 * one.seconds / root.seconds) if root.seconds else 0,
            )
            for one in path
            if one in longest
        ),
        left_out="; ".join(parts),
    )


def name_span(span: Span) -> str:
    """Name a span by its service and its own name."""
    return f"{one_line(span.service, _NAME_WIDTH)}: {one_line(span.name, _NAME_WIDTH)}"


def milliseconds(seconds: float) -> float:
    """Return seconds in milliseconds, to a tenth."""
    return round(seconds * 1_000, 1)


def _join_stretches(path: Sequence[Stretch]) -> list[Stretch]:
    """Make one stretch of all that a span has: what it did between its parts, too."""
    total: dict[str, Stretch] = {}
    for stretch in path:
        before = total.get(stretch.span.id)
        total[stretch.span.id] = type(stretch)(stretch.span, stretch.seconds + (before.seconds if before else 0.0))
    return list(total.values())
