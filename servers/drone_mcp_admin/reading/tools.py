"""The tools that only read: arguments in, Drone or a file, a view out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import anyio.to_thread
from pydantic import Field

from ci_mcp_kit.errors import InvalidInput, NotFound
from ci_mcp_kit.tools import tool
from drone_mcp_admin.arguments import NAME, Limit, Namespace, Repo, check_name
from drone_mcp_admin.reading.presenting import RepoFilter
from drone_mcp_admin.reading.views import (
    AuditLog,
    CallerList,
    CronList,
    QueueState,
    RepoSettings,
    SecretList,
    TemplateList,
    UserList,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_admin.access import AdminAccess
    from drone_mcp_admin.settings import AdminSettings

MOST: Final = 200  # repositories, templates or users of an answer

GUIDE: Final = """\
- Why does nothing run? drone_get_queue_state; resume with drone_manage_queue.
- Settings: drone_list_repo_settings. Names of secrets: drone_list_secrets. Jobs by time, in words: drone_list_crons. \
Also drone_list_templates, drone_list_users.
- This toolkit itself: drone_list_callers (who is served with which role), drone_get_audit_log."""


class ReadingTools:
    """The tools that show what Drone and this toolkit are set to."""

    def __init__(self, access: AdminAccess, settings: AdminSettings, clock: Callable[[], float]) -> None:
        self._access = access
        self._settings = settings
        self._clock = clock

    @tool(title="List settings of repositories", schema="repo-settings/1")
    async def drone_list_repo_settings(
        self,
        repo: Annotated[str | None, Field(description="owner/name or URL; default: all of the server")] = None,
        only: Annotated[RepoFilter, Field(description="which of them")] = "any",
    ) -> RepoSettings:
        """Timeout, visibility, owner and switches of one, or of all (system administrator)."""
        from drone_mcp_admin.reading.presenting import present_repos  # noqa: PLC0415 - on first use, to start fast

        drone = await self._access.client()
        if repo is not None:
            return present_repos([await drone.repo(self._access.resolve_repo(repo))], "any", 1)
        found = [one async for one in drone.all_repos()]
        return present_repos(self._access.scope.only(found, lambda one: one.slug), only, MOST)

    @tool(title="List secrets", schema="secret-list/1")
    async def drone_list_secrets(self, repo: Repo = None, namespace: Namespace = None) -> SecretList:
        """Names, never values (write access; of a namespace its administrator)."""
        from drone_mcp_admin.changing.secrets import list_secrets  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_admin.reading.presenting import present_secrets  # noqa: PLC0415 - likewise

        scope = self._access.resolve_scope(repo, namespace)

        def source_of(name: str) -> str:
            return "the operator's place for it" if self._settings.find_place(scope, name) else "a person"

        return present_secrets(scope, await list_secrets(await self._access.client(), scope), source_of, MOST)

    @tool(title="List scheduled jobs", schema="cron-list/1")
    async def drone_list_crons(
        self,
        repo: Repo = None,
        zone: Annotated[str, Field(description="like Europe/Berlin")] = "UTC",
    ) -> CronList:
        """Jobs by time: expression in words, branch, next runs in a time zone (write access)."""
        from drone_mcp_admin.reading.presenting import present_crons  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_build.guard.windows import read_zone  # noqa: PLC0415 - likewise

        try:
            known = read_zone(zone)
        except ValueError as error:
            raise InvalidInput(f"zone: {error}", next_step="Give a name like Europe/Berlin, or UTC") from None
        slug = self._access.resolve_repo(repo)
        return present_crons(slug, await (await self._access.client()).crons(slug), zone, known, self._clock(), MOST)

    @tool(title="List templates", schema="template-list/1")
    async def drone_list_templates(
        self,
        namespace: Namespace = None,
        name: Annotated[str | None, Field(description="one, with its text")] = None,
    ) -> TemplateList:
        """Pipelines that repositories share; secrets in a text are redacted (namespace's administrator)."""
        from drone_mcp_admin.reading.presenting import present_templates  # noqa: PLC0415 - on first use, to start fast

        if namespace is None:
            self._access.check_server()
        else:
            self._access.check_namespace(check_name(namespace, NAME, "namespace"))
        found = await (await self._access.client()).templates(namespace)
        if name is not None and not any(one.name == name for one in found):
            raise NotFound("There is no template of that name", next_step="Call again without name to list all")
        return present_templates(found, name, MOST)

    @tool(title="List users", schema="user-list/1")
    async def drone_list_users(
        self,
        login: Annotated[str | None, Field(description="a part of it")] = None,
    ) -> UserList:
        """People and machines: administrators, inactive ones, last login (system administrator)."""
        from drone_mcp_admin.reading.presenting import present_users  # noqa: PLC0415 - on first use, to start fast

        self._access.check_server()
        return present_users(await (await self._access.client()).users(), login, MOST)

    @tool(title="Get the state of the queue", schema="queue-state/1")
    async def drone_get_queue_state(self) -> QueueState:
        """Why nothing runs: what waits, since when, whether the queue is paused (system administrator)."""
        from drone_mcp_admin.reading.queue_state import judge_queue  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_admin.toolkit.audit import audit_path, last_switch  # noqa: PLC0415 - likewise

        stages = await (await self._access.client()).incomplete_stages()
        path = audit_path(self._settings.guard.audit)
        seen = self._access.scope.only(stages, lambda one: one.repo_slug)
        # In threads, here and below, as the file may be long.
        record = await anyio.to_thread.run_sync(last_switch, path) if path else None
        return judge_queue(seen, record, self._clock())

    @tool(title="List callers", schema="caller-list/1")
    async def drone_list_callers(self) -> CallerList:
        """Who is served with which role by drone-mcp-config serve; tokens by the beginning of their hash."""
        from drone_mcp_admin.toolkit.callers_file import read_callers  # noqa: PLC0415 - on first use, to start fast

        if self._settings.callers is None:
            raise NotFound(
                "The operator of this server has named no callers file",
                next_step="DRONE_MCP_ADMIN_CALLERS can name the one of drone-mcp-config serve",
            )
        return read_callers(self._settings.callers)

    @tool(title="Get the audit log", schema="audit-log/1")
    async def drone_get_audit_log(self, limit: Limit = 20) -> AuditLog:
        """Changes that agents requested, their outcomes, and whether the log is intact."""
        from ci_mcp_kit.guard.confirmation_tokens import derived  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_admin.toolkit.audit import audit_path, read_audit  # noqa: PLC0415 - likewise

        path = audit_path(self._settings.guard.audit)
        if path is None:
            raise NotFound(
                "The audit log of this server is no file that can be read back",
                next_step="DRONE_MCP_AUDIT_LOG decides where it is written: look there",
            )
        key = self._settings.guard.key
        return await anyio.to_thread.run_sync(read_audit, path, derived(key, "audit") if key else None, limit)
