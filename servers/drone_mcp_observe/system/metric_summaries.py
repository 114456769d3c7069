"""Summarises series of metrics: never all their points. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_kit.outgoing_text import one_line
from drone_mcp_build.iso_time import format_time
from drone_mcp_observe.durations import count
from drone_mcp_observe.sparkline import draw_over_time
from drone_mcp_observe.views import MetricItem, MetricsView

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from drone_mcp_observe.system.time_range import TimeRange
    from monitoring_client.series import Series

_VALUE_WIDTH: Final = 40  # characters of a label's name or value
_LABELS_WIDTH: Final = 120  # of all labels of a series
_DIGITS: Final = 4  # of a number
_SOME: Final = 3  # values of a label that are named
_MOST_LABELS: Final = 20


def present_range(series: Sequence[Series], time: TimeRange, limit: int) -> MetricsView:
    """Present series over time: lowest, highest and last value, and a sparkline; the highest first."""
    known = sorted((one for one in series if one.values), key=lambda one: -max(one.values))
    common = find_common([one.labels for one in known])
    items = [
        MetricItem(
            labels=name_labels(one.labels, common),
            last=shorten(one.values[-1]),
            min=shorten(min(one.values)),
            max=shorten(max(one.values)),
            drawn=draw_over_time(one.points, time.start, time.end, max),
        )
        for one in known[:limit]
    ]
    return _make_view(series, known, items, common, time)


def present_instant(series: Sequence[Series], time: TimeRange, limit: int) -> MetricsView:
    """Present values at one time, the highest first."""
    known = sorted((one for one in series if one.values), key=lambda one: -one.values[-1])
    common = find_common([one.labels for one in known])
    items = [MetricItem(labels=name_labels(one.labels, common), last=shorten(one.values[-1])) for one in known[:limit]]
    return _make_view(series, known, items, common, time)


def present_labels(found: Sequence[Mapping[str, str]], time: TimeRange) -> MetricsView:
    """Present the labels of series, each with how many values it has and some of them."""
    values: dict[str, dict[str, None]] = {}
    for labels in found:
        for name, value in labels.items():
            values.setdefault(name, {})[value] = None
    listed = sorted(values.items(), key=lambda pair: (pair[0] != "__name__", len(pair[1]), pair[0]))
    return MetricsView(
        start=format_time(round(time.start)),
        end=format_time(round(time.end)),
        series=len(found),
        items=tuple(_present_label(name, list(known)) for name, known in listed[:_MOST_LABELS]),
        left_out=count(len(listed) - _MOST_LABELS, "more label") if len(listed) > _MOST_LABELS else "",
        note="" if found else "No series matches in this time",
    )


def shorten(value: float) -> float:
    """Return a number with the digits that count."""
    return float(f"{value:.{_DIGITS}g}")


def find_common(labels: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return the labels that all of several series have in common; none where there is only one."""
    if len(labels) < 2:  # noqa: PLR2004 - one series is shown with all its labels
        return {}
    first, *others = labels
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}


def name_labels(labels: Mapping[str, str], common: Mapping[str, str]) -> str:
    """Write the labels that are not common, on one line: `name{code=500, pod=shop-1}`."""
    own = {name: value for name, value in labels.items() if name not in common}
    name = one_line(own.pop("__name__", ""), _VALUE_WIDTH)
    pairs = [f"{one_line(key, _VALUE_WIDTH)}={one_line(value, _VALUE_WIDTH)}" for key, value in sorted(own.items())]
    return one_line(f"{name}{{{', '.join(pairs)}}}" if pairs else name, _LABELS_WIDTH)


def _present_label(name: str, values: Sequence[str]) -> MetricItem:
    named = ", ".join(one_line(value, _VALUE_WIDTH) for value in values[:_SOME])
    more = f", … {len(values)} in all" if len(values) > _SOME else ""
    return MetricItem(labels=f"{one_line(name, _VALUE_WIDTH)}: {named}{more}")


def _make_view(
    series: Sequence[Series],
    known: Sequence[Series],
    items: Sequence[MetricItem],
    common: Mapping[str, str],
    time: TimeRange,
) -> MetricsView:
    more, empty = len(known) - len(items), len(series) - len(known)
    parts = [f"{more} more series: narrow the query, or use topk"] if more else []
    parts += [f"{empty} series without a finite value"] if empty else []
    return MetricsView(
        start=format_time(round(time.start)),
        end=format_time(round(time.end)),
        series=len(series),
        common=name_labels(common, {}),
        items=tuple(items),
        left_out="; ".join(parts),
        note="" if series else "The query has no result in this time; labels lists what there is",
    )
