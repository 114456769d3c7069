"""The shapes of the answers of tools that only read."""

from __future__ import annotations

from typing import Any, ClassVar

from ci_mcp_kit.answer import View


class BriefView(View):
    """An answer whose schema names only what is always there."""

    brief: ClassVar[bool] = True


class RepoItem(View):
    """The settings of a repository: `on` names the switches that are on, `timeout` is in minutes."""

    repo: str
    owner_id: int
    visibility: str
    timeout: int
    throttle: int | None = None
    counter: int
    config_path: str = ""
    on: tuple[str, ...] = ()


class RepoSettings(BriefView):
    """Repositories by name, and how many more there are."""

    repos: tuple[RepoItem, ...]
    left_out: int | None = None


class SecretItem(View):
    """A secret: which builds of pull requests have it, and where drone_manage_secret takes a new value from."""

    name: str
    pull_requests: tuple[str, ...] = ()
    value_from: str


class SecretList(BriefView):
    """The names of secrets."""

    scope: str
    secrets: tuple[SecretItem, ...]
    left_out: int | None = None
    note: str = ""


class CronItem(View):
    """A scheduled job: `next` is Drone's own next run, `runs` those by the expression in UTC, in the zone asked for."""

    name: str
    expr: str
    words: str = ""
    branch: str
    deploys_to: str = ""
    disabled: bool | None = None
    last: str | None = None
    next: str | None = None
    runs: tuple[str, ...] = ()
    note: str = ""


class CronList(BriefView):
    """The jobs of a repository."""

    repo: str
    zone: str
    jobs: tuple[CronItem, ...]
    left_out: int | None = None
    note: str = ""


class TemplateItem(View):
    """A template; its text only where it was asked for, cleaned of what looks like a secret."""

    namespace: str
    name: str
    lines: int
    text: str = ""


class TemplateList(BriefView):
    """Templates by namespace and name."""

    templates: tuple[TemplateItem, ...]
    left_out: int | None = None
    note: str = ""


class UserItem(View):
    """A user; `is_a` has machine, administrator and inactive as they apply."""

    login: str
    id: int
    is_a: tuple[str, ...] = ()
    created: str | None = None
    last_login: str | None = None


class UserList(BriefView):
    """Users by login."""

    users: tuple[UserItem, ...]
    left_out: int | None = None


class QueueState(BriefView):
    """Whether work is handed out: `state` is idle, working, stalled or paused.

    `waits_since` is the time at which the oldest waiting stage was made, `last_start` that of the newest running one.
    """

    state: str
    message: str
    waiting: int
    running: int
    waits_since: str | None = None
    last_start: str | None = None
    oldest: tuple[str, ...] = ()
    on_record: str = ""
    next_step: str = ""


class CallerItem(View):
    """A caller of drone-mcp-config serve; of its token only the beginning of the hash."""

    name: str
    role: str
    added: tuple[str, ...] = ()
    ceiling: str = ""
    token_hash: str
    tokens: str
    per_minute: int | None = None


class CallerList(BriefView):
    """Who is served with which role."""

    callers: tuple[CallerItem, ...]
    note: str = ""


class AuditLog(BriefView):
    """The newest audit lines, newest first, of every process that writes to the file; `verified` is about all lines."""

    verified: bool
    lines: tuple[dict[str, Any], ...]
    count: int
    problems: tuple[str, ...] = ()
    note: str = ""
