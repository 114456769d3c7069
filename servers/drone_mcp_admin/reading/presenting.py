"""Makes the answers of the reading tools from what Drone sends. Pure."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal

from ci_mcp_kit.outgoing_text import cleaned, one_line
from drone_mcp_admin.reading.views import (
    CronItem,
    CronList,
    RepoItem,
    RepoSettings,
    SecretItem,
    SecretList,
    TemplateItem,
    TemplateList,
    UserItem,
    UserList,
)
from drone_mcp_build.cron_schedule import describe_schedule, parse_schedule
from drone_mcp_build.iso_time import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import tzinfo

    from drone_mcp_client.models import Cron, Repo, Secret, Template, User

RepoFilter = Literal["any", "enabled", "disabled", "trusted", "protected"]

SWITCHES: Final = (
    *("active", "trusted", "protected", "ignore_forks", "ignore_pull_requests"),
    *("auto_cancel_pull_requests", "auto_cancel_pushes", "auto_cancel_running"),
)
SHOWN_RUNS: Final = 3
NAME_WIDTH: Final = 120  # characters of a name that someone has chosen
MOST_TEXT: Final = 20_000  # characters of a template

_KEEPS: Final[dict[str, Callable[[Repo], bool]]] = {
    "any": lambda _: True,
    "enabled": lambda repo: repo.active,
    "disabled": lambda repo: not repo.active,
    "trusted": lambda repo: repo.trusted,
    "protected": lambda repo: repo.protected,
}


def present_repos(repos: Iterable[Repo], only: RepoFilter, limit: int) -> RepoSettings:
    """Present the settings of repositories, by name."""
    kept = sorted((repo for repo in repos if _KEEPS[only](repo)), key=lambda repo: repo.slug)
    items = tuple(
        RepoItem(
            repo=repo.slug,
            owner_id=repo.user_id,
            visibility=repo.visibility,
            timeout=repo.timeout,
            throttle=repo.throttle or None,
            counter=repo.counter,
            config_path=repo.config_path,
            on=tuple(name for name in SWITCHES if getattr(repo, name)),
        )
        for repo in kept[:limit]
    )
    return RepoSettings(repos=items, left_out=max(0, len(kept) - limit) or None)


def present_secrets(scope: str, secrets: Iterable[Secret], source_of: Callable[[str], str], limit: int) -> SecretList:
    """Present the names of secrets; `source_of` says where the value of one is taken from."""
    found = sorted(secrets, key=lambda one: one.name)
    items = tuple(
        SecretItem(
            name=one_line(one.name, NAME_WIDTH),
            pull_requests=tuple(
                word for word, applies in (("builds", one.pull_request), ("push", one.pull_request_push)) if applies
            ),
            value_from=source_of(one.name),
        )
        for one in found[:limit]
    )
    inherited = "" if scope.startswith("org:") else "Builds have the secrets of the namespace as well"
    return SecretList(scope=scope, secrets=items, left_out=max(0, len(found) - limit) or None, note=inherited)


def present_crons(repo: str, crons: Iterable[Cron], zone_name: str, zone: tzinfo, now: float, limit: int) -> CronList:
    """Present scheduled jobs, with their expressions in words and the next runs in a time zone."""
    found = sorted(crons, key=lambda one: one.name)
    return CronList(
        repo=repo,
        zone=zone_name,
        jobs=tuple(_present_cron(one, zone, now) for one in found[:limit]),
        left_out=max(0, len(found) - limit) or None,
        note="The first field of an expression is for seconds. Drone looks for jobs that are due at intervals (30 "
        "minutes, if its operator set nothing else), so one may start that much later",
    )


def _present_cron(cron: Cron, zone: tzinfo, now: float) -> CronItem:
    words, runs, note = "", [], ""
    try:
        schedule = parse_schedule(cron.expr)
    except ValueError as error:
        note = f"This expression cannot be explained: {error}"
    else:
        words = describe_schedule(schedule)
        runs = list(islice(schedule.runs(now), SHOWN_RUNS)) if not cron.disabled else []
        # Drone takes the time zone of its machine (harness/drone v2.25.0, core/cron.go), and shows it nowhere.
        if not schedule.every and cron.next and next(schedule.runs(cron.next - 1), None) != cron.next:
            runs, note = [], "Drone's next run does not fit the expression in UTC: its clock has another time zone"
    return CronItem(
        name=one_line(cron.name, NAME_WIDTH),
        expr=one_line(cron.expr, NAME_WIDTH),
        words=words,
        branch=one_line(cron.branch, NAME_WIDTH),
        deploys_to=one_line(cron.target, NAME_WIDTH),
        disabled=cron.disabled or None,
        last=_in_zone(cron.prev, zone),
        next=None if cron.disabled else _in_zone(cron.next, zone),
        runs=tuple(shown for run in runs if (shown := _in_zone(run, zone))),
        note=note,
    )


def _in_zone(seconds: int, zone: tzinfo) -> str | None:
    return datetime.fromtimestamp(seconds, zone).isoformat() if format_time(seconds) else None


def present_templates(templates: Iterable[Template], name: str | None, limit: int) -> TemplateList:
    """Present templates; the one that is named, with its text."""
    found = sorted((one for one in templates if name in (None, one.name)), key=lambda one: (one.namespace, one.name))
    items = tuple(
        TemplateItem(
            namespace=one_line(one.namespace, NAME_WIDTH),
            name=one_line(one.name, NAME_WIDTH),
            lines=len(one.data.splitlines()),
            text=cleaned(one.data)[:MOST_TEXT] if name else "",
        )
        for one in found[:limit]
    )
    cut = any(len(one.data) > MOST_TEXT for one in found[:limit]) and name
    return TemplateList(
        templates=items,
        left_out=max(0, len(found) - limit) or None,
        note=f"A text is cut after {MOST_TEXT} characters" if cut else "",
    )


def present_users(users: Iterable[User], part: str | None, limit: int) -> UserList:
    """Present users by login, those whose login contains `part`."""
    found = sorted((one for one in users if (part or "") in one.login), key=lambda one: one.login)
    items = tuple(
        UserItem(
            login=one_line(one.login, NAME_WIDTH),
            id=one.id,
            is_a=tuple(
                word
                for word, applies in (
                    ("machine", one.machine),
                    ("administrator", one.admin),
                    ("inactive", not one.active),
                )
                if applies
            ),
            created=format_time(one.created),
            last_login=format_time(one.last_login),
        )
        for one in found[:limit]
    )
    return UserList(users=items, left_out=max(0, len(found) - limit) or None)
