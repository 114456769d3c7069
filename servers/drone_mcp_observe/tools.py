"""The tools: arguments in, a few requests, a view out."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ci_mcp_kit.concurrency import for_each
from ci_mcp_kit.tools import tool
from drone_mcp_observe.trends.measures import Grouping
from drone_mcp_observe.views import CiAlertsView, QueueView, TrendsView

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_known.client_and_store import KnownAccess
    from drone_mcp_observe.ci_alerts.rules import AlertRule
    from drone_mcp_observe.settings import ObserveSettings

_DAY = 86_400

Repo = Annotated[str | None, Field(description="owner/name or URL; default: git remote")]
AnyRepo = Annotated[str | None, Field(description="owner/name or URL; default: all")]
Limit = Annotated[int, Field(ge=1, le=50, description="1 to 50")]


class CiTools:
    """The tools about CI itself. `clock` gives the Unix time."""

    def __init__(self, access: KnownAccess, settings: ObserveSettings, clock: Callable[[], float]) -> None:
        self._access = access
        self._settings = settings
        self._clock = clock

    @cached_property
    def rules(self) -> tuple[AlertRule, ...]:
        """The alert rules in force, read at first use."""
        return self._settings.alert_rules()

    @tool(title="Get the queue", schema="queue/1")
    async def drone_get_queue(self, limit: Limit = 15) -> QueueView:
        """What waits for a runner and why (limit, throttle, no runner, paused), what runs, how long."""
        from drone_mcp_observe.queue.presenting import present_queue  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_observe.queue.reading import read_queue  # noqa: PLC0415 - likewise

        return present_queue(await read_queue(self._access, self._clock()), self._access.scope.sees, limit)

    @tool(title="Get trends", schema="trends/1")
    async def drone_get_trends(
        self,
        by: Annotated[Grouping, Field(description="repo compares all repositories")] = "branch",
        repo: Repo = None,
        days: Annotated[int, Field(ge=1, le=90, description="1 to 90")] = 14,
        limit: Limit = 10,
    ) -> TrendsView:
        """Durations, waits and failure rates of builds, stages or steps, and what gets worse."""
        from drone_mcp_diagnosis.build_history import Requests  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_observe.history import MOST_REQUESTS, list_recent_repos, read_history  # noqa: PLC0415 - likewise
        from drone_mcp_observe.trends.presenting import present_trends  # noqa: PLC0415 - likewise

        now, more = self._clock(), 0
        since = now - days * _DAY
        if by == "repo" and repo is None:
            repos, more = await list_recent_repos(self._access, since)
            slugs = [one.slug for one in repos]
        else:
            slugs = [self._access.resolve_repo(repo)]
        requests = Requests(MOST_REQUESTS)
        stages = by in {"stage", "step"}
        histories = await for_each(slugs, lambda slug: read_history(self._access, slug, since, requests, stages=stages))
        return present_trends(histories, by, since, now, limit, more)

    @tool(title="List alerts about CI", schema="ci-alerts/1")
    async def drone_list_ci_alerts(self, repo: AnyRepo = None, limit: Limit = 15) -> CiAlertsView:
        """What is wrong with CI by the alert rules: red default branches, stuck or waiting builds, flaky ones."""
        from drone_mcp_observe.ci_alerts.presenting import present_alerts  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_observe.ci_alerts.state_reader import read_state  # noqa: PLC0415 - likewise

        slug = self._access.resolve_repo(repo) if repo else None
        file = self._settings.rules_file
        source = file.name if file else "the rules of drone-observe"
        return present_alerts(await read_state(self._access, slug, self._clock()), self.rules, source, limit)
