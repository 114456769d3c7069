"""Makes the answer about trends. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drone_mcp_build.build_wording import clean_name
from drone_mcp_build.iso_time import format_time
from drone_mcp_observe.durations import count
from drone_mcp_observe.sparkline import draw_over_time
from drone_mcp_observe.trends.measures import find_trends, percentile, samples_of
from drone_mcp_observe.views import TrendItem, TrendsView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drone_mcp_observe.history import History
    from drone_mcp_observe.trends.measures import Grouping, Trend

_COMPARED: Final = (
    "worse and better compare the newer half of the time with the older one, where each has at least 4 runs"
)


def present_trends(
    histories: Sequence[History], by: Grouping, since: float, now: float, limit: int, more_repos: int = 0
) -> TrendsView:
    """Present the trends of builds from `since` to `now` (Unix times)."""
    builds = [(history.repo, build) for history in histories for build in history.builds]
    samples = [sample for repo, build in builds for sample in samples_of(repo, build, by)]
    trends = find_trends(samples, (since + now) / 2)
    return TrendsView(
        by=by,
        repo=clean_name(histories[0].repo) if len(histories) == 1 else "",
        since=format_time(round(since)),
        builds=len(builds),
        items=tuple(_present_trend(trend, since, now) for trend in trends[:limit]),
        left_out=_describe_rest(histories, len(trends) - limit, more_repos),
        note=_COMPARED if trends else "No build in this time",
    )


def _present_trend(trend: Trend, since: float, now: float) -> TrendItem:
    points = [(one.at, one.seconds) for one in trend.samples if one.seconds is not None]
    rate = trend.failure_rate
    return TrendItem(
        name=clean_name(trend.name),
        builds=len(trend.samples),
        failed=None if rate is None else round(100 * rate, 1),
        median=percentile(trend.seconds, 0.5),
        p95=percentile(trend.seconds, 0.95),
        wait_median=percentile(trend.waits, 0.5),
        wait_p95=percentile(trend.waits, 0.95),
        durations=draw_over_time(points, since, now, lambda values: percentile(values, 0.5) or 0.0),
        worse=", ".join(change.text for change in trend.changes if change.is_worse),
        better=", ".join(change.text for change in trend.changes if not change.is_worse),
    )


def _describe_rest(histories: Sequence[History], more: int, more_repos: int) -> str:
    not_read = sum(history.not_read for history in histories)
    cut = sum(history.is_cut for history in histories)
    parts = [f"{count(more, 'more name')}: give a higher limit"] if more > 0 else []
    parts += [f"{count(not_read, 'build')} not read with stages: the limit of requests is reached"] if not_read else []
    parts += [f"older builds of {count(cut, 'repository')}: give fewer days"] if cut else []
    parts += [f"{count(more_repos, 'repository')} with older builds"] if more_repos else []
    return "; ".join(parts)
