"""The tools that change something: arguments in, the guard and Drone, a view out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from mcp.server.mcpserver import Context
from mcp.types import InputRequiredResult
from pydantic import Field

from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.tools import tool
from drone_mcp_admin.arguments import (
    LOGIN,
    SECRET_NAME,
    TEMPLATE_NAME,
    Confirmation,
    DryRun,
    Namespace,
    Repo,
    check_name,
)
from drone_mcp_admin.changing.views import ChangeView
from drone_mcp_admin.values.asking import ValueDesk, can_open

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_mcp_kit.guard.acting import Actor
    from drone_mcp_admin.access import AdminAccess
    from drone_mcp_admin.changing.base import AdminChange
    from drone_mcp_admin.changing.secrets import SetSecret
    from drone_mcp_admin.settings import AdminSettings

GUIDE: Final = """\
- Change: drone_manage_repo, drone_manage_secret, drone_manage_cron, \
drone_manage_template, drone_manage_user, drone_manage_queue.
- Never put a value of a secret or a token into an argument: drone_manage_secret takes it from the operator's place or \
from a person, and a new token goes into a file."""

OPERATION_OF_ACTION: Final = {  # of drone_manage_repo
    "set": "update_repo",
    "enable": "enable_repo",
    "disable": "disable_repo",
    "chown": "chown_repo",
    "repair": "repair_repo",
    "sync": "sync_repos",
    "purge_builds": "purge_builds",
}
# The operations of each tool: the guard also refuses operations whose tools a role's list leaves out.
OPERATIONS_OF: Final = {
    "drone_manage_repo": tuple(OPERATION_OF_ACTION.values()),
    "drone_manage_secret": ("set_secret", "delete_secret"),
    "drone_manage_cron": ("set_cron", "delete_cron", "run_cron"),
    "drone_manage_template": ("set_template", "delete_template"),
    "drone_manage_user": ("create_user", "update_user", "delete_user", "rotate_token"),
    "drone_manage_queue": ("pause_queue", "resume_queue"),
}


class ChangingTools:
    """The tools that change something in Drone."""

    def __init__(self, access: AdminAccess, settings: AdminSettings, actor: Actor, clock: Callable[[], float]) -> None:
        self._access = access
        self._settings = settings
        self._actor = actor
        self._desk = ValueDesk(access.learn)
        access.at_close.insert(0, self._desk.close)
        self._clock = clock

    @tool(title="Manage a repository", schema="admin-change/1", writes=True, destructive=True)
    async def drone_manage_repo(
        self,
        context: Context[Any, Any],
        action: Annotated[
            Literal["set", "enable", "disable", "chown", "repair", "sync", "purge_builds"],
            Field(description="set: settings; sync: read all repositories, without repo; purge_builds: for good"),
        ],
        repo: Repo = None,
        visibility: Annotated[Literal["public", "private", "internal"] | None, Field(description="who sees it")] = None,
        timeout_minutes: Annotated[int | None, Field(ge=1, le=1440, description="1 to 1440")] = None,
        throttle: Annotated[int | None, Field(ge=0, description="builds at once; 0: any")] = None,
        config_path: Annotated[str | None, Field(description="the pipeline file")] = None,
        on: Annotated[
            list[str] | None,
            Field(
                description="trusted, protected, ignore_forks, ignore_pull_requests, auto_cancel_pull_requests, "
                "auto_cancel_pushes, auto_cancel_running"
            ),
        ] = None,
        off: Annotated[list[str] | None, Field(description="likewise")] = None,
        before: Annotated[int | None, Field(ge=2, description="of purge_builds: lower numbers go; 2 or more")] = None,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> ChangeView | InputRequiredResult:
        """Settings, owner, hook, old builds (its administrator; timeout, throttle, trusted: system administrator)."""
        from drone_mcp_admin.changing import repositories  # noqa: PLC0415 - on first use, to start fast

        kinds: dict[str, Callable[..., AdminChange]] = {
            "set": repositories.UpdateRepo,
            "enable": repositories.EnableRepo,
            "disable": repositories.DisableRepo,
            "chown": repositories.ChownRepo,
            "repair": repositories.RepairRepo,
            "sync": repositories.SyncRepos,
            "purge_builds": repositories.PurgeBuilds,
        }
        plain = {"visibility": visibility, "timeout": timeout_minutes, "throttle": throttle, "config_path": config_path}
        given = {name: value for name, value in plain.items() if value is not None}
        settings = {**given, **repositories.read_switches(on or (), off or ())}
        every: dict[str, dict[str, Any]] = {"set": {"settings": settings}, "purge_builds": {"before": before}}
        name = OPERATION_OF_ACTION[action]
        place = await (self._server(name) if action == "sync" else self._place(name, repo))
        change = kinds[action](access=self._access, name=name, place=place, **every.get(action, {}))
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)

    @tool(title="Manage a secret", schema="admin-change/1", writes=True, destructive=True)
    async def drone_manage_secret(
        self,
        context: Context[Any, Any],
        action: Annotated[
            Literal["set", "set_rules", "delete"], Field(description="set: add, or renew the value; set_rules: keep it")
        ],
        name: Annotated[str, Field(description="never a value")],
        repo: Repo = None,
        namespace: Namespace = None,
        pull_request: Annotated[bool | None, Field(description="for builds of pull requests")] = None,
        pull_request_push: Annotated[bool | None, Field(description="for their pushes")] = None,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> ChangeView | InputRequiredResult:
        """The value comes from the operator's place or a person (write access; of a namespace its administrator)."""
        from drone_mcp_admin.changing.secrets import DeleteSecret, SetSecret  # noqa: PLC0415 - on first use, to start fast

        check_name(name, SECRET_NAME, "secret")
        operation = "delete_secret" if action == "delete" else "set_secret"
        place = await self._place(operation, repo, namespace)
        common: dict[str, Any] = {"access": self._access, "place": place, "target": f"secret {name}", "secret": name}
        if action == "delete":
            delete = DeleteSecret(name=operation, **common)
            return await self._actor.act(context, delete, dry_run=dry_run, token=confirmation)
        rules = {"pull_request": pull_request, "pull_request_push": pull_request_push}
        given = {key: value for key, value in rules.items() if value is not None}
        change = SetSecret(name=operation, rules=given, **common)
        if action == "set":
            obtained = await self._obtain(context, change, dry_run=dry_run)
            if isinstance(obtained, InputRequiredResult):
                return obtained
            change = obtained
        answer = await self._actor.act(context, change, dry_run=dry_run, token=confirmation)
        if not isinstance(answer, InputRequiredResult) and not dry_run:
            self._desk.drop((place, name))
        return answer

    @tool(title="Manage a scheduled job", schema="admin-change/1", writes=True, destructive=True)
    async def drone_manage_cron(
        self,
        context: Context[Any, Any],
        action: Annotated[Literal["set", "run", "delete"], Field(description="set: add or change; run: now")],
        name: Annotated[str, Field(description="the job's")],
        repo: Repo = None,
        expr: Annotated[
            str | None, Field(description="second minute hour day month weekday, @daily, @every 6h")
        ] = None,
        branch: Annotated[str | None, Field(description="default: the default one")] = None,
        target: Annotated[str | None, Field(description="environment to deploy to")] = None,
        disabled: Annotated[bool | None, Field(description="keep it, and do not run it")] = None,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> ChangeView | InputRequiredResult:
        """Builds by time; an expression begins with seconds (write access)."""
        from drone_mcp_admin.changing import crons  # noqa: PLC0415 - on first use, to start fast

        operation = f"{action}_cron"
        slug = crons.slug_of(name)
        place = await self._place(operation, repo)
        common: dict[str, Any] = {"access": self._access, "name": operation, "place": place, "job": slug}
        common["target"] = f"job {slug}"
        change: AdminChange
        if action == "set":
            change = crons.SetCron(
                **common, clock=self._clock, expr=expr, branch=branch, deploys_to=target, disabled=disabled
            )
        elif action == "run":
            change = crons.RunCron(**common, report=context.report_progress)
        else:
            change = crons.DeleteCron(**common)
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)

    @tool(title="Manage a template", schema="admin-change/1", writes=True, destructive=True)
    async def drone_manage_template(
        self,
        context: Context[Any, Any],
        action: Annotated[Literal["set", "delete"], Field(description="set: add, or replace the text")],
        namespace: Annotated[str, Field(description="its own")],
        name: Annotated[str, Field(description="ends in .yml, .yaml, .star, .starlark, .script or .jsonnet")],
        text: Annotated[
            str | None, Field(min_length=1, max_length=20_000, description="no secrets; up to 20000 characters")
        ] = None,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> ChangeView | InputRequiredResult:
        """Pipelines that repositories share; the question shows what changes (namespace's administrator)."""
        from drone_mcp_admin.changing import templates  # noqa: PLC0415 - on first use, to start fast

        operation = f"{action}_template"
        check_name(name, TEMPLATE_NAME, "template")
        place = await self._place(operation, None, namespace)
        common: dict[str, Any] = {"access": self._access, "name": operation, "place": place, "template": name}
        common["target"] = f"template {name}"
        change: AdminChange
        if action == "delete":
            change = templates.DeleteTemplate(**common)
        elif text is None:
            raise InvalidInput("A template needs a text", next_step="Call again with text")
        else:
            change = templates.SetTemplate(**common, text=text)
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)

    @tool(title="Manage a user", schema="admin-change/1", writes=True, destructive=True, idempotent=False)
    async def drone_manage_user(
        self,
        context: Context[Any, Any],
        action: Annotated[
            Literal["create", "update", "delete", "rotate_token"],
            Field(description="rotate_token without login renews this server's own write token"),
        ],
        login: Annotated[str | None, Field(description="the user's")] = None,
        machine: Annotated[bool, Field(description="create a machine, with its token in a file")] = False,
        admin: Annotated[bool | None, Field(description="system administrator")] = None,
        active: Annotated[bool | None, Field(description="may use Drone")] = None,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> ChangeView | InputRequiredResult:
        """People, machines, tokens; no token is ever shown, not even a new one (system administrator)."""
        from drone_mcp_admin.changing import users  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_admin.values.token_file import TokenFile  # noqa: PLC0415 - likewise

        operation = "rotate_token" if action == "rotate_token" else f"{action}_user"
        if login is not None:
            check_name(login, LOGIN, "user")
        elif action != "rotate_token":
            raise InvalidInput(f"{action} needs a login", next_step="Call again with login")
        place = await self._server(operation)
        folder = self._settings.token_folder
        tokens = TokenFile(folder) if folder else None
        common: dict[str, Any] = {"access": self._access, "name": operation, "place": place, "login": login or ""}
        common["target"] = f"user {login}" if login else "the write token"
        change: AdminChange
        if action == "create":
            change = users.CreateUser(**common, machine=machine, admin=bool(admin), tokens=tokens)
        elif action == "update":
            changes = {key: value for key, value in (("admin", admin), ("active", active)) if value is not None}
            change = users.UpdateUser(**common, changes=changes)
        elif action == "delete":
            change = users.DeleteUser(**common)
        else:
            change = users.RotateToken(**common, tokens=tokens)
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)

    @tool(title="Pause or resume the queue", schema="admin-change/1", writes=True, destructive=True)
    async def drone_manage_queue(
        self,
        context: Context[Any, Any],
        action: Annotated[Literal["pause", "resume"], Field(description="pause: nothing new starts")],
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> ChangeView | InputRequiredResult:
        """Whether runners get work, for the whole server (system administrator)."""
        from drone_mcp_admin.changing.queue import QueueChange  # noqa: PLC0415 - on first use, to start fast

        name = f"{action}_queue"
        change = QueueChange(access=self._access, name=name, place=await self._server(name))
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)

    async def _obtain(
        self, context: Context[Any, Any], change: SetSecret, *, dry_run: bool
    ) -> SetSecret | InputRequiredResult:
        """Return the change with its value, from the operator's place or a person; or what ends this round."""
        from drone_mcp_admin.changing.secrets import BY_A_PERSON, find_value  # noqa: PLC0415 - to start fast

        at_place = find_value(self._settings, change)
        if at_place is not None:
            return at_place
        if not can_open(context):
            raise InvalidInput(
                f"The operator of this server has named no place for the value of {change.label}, and this client "
                "cannot open a page on which a person could enter it",
                next_step="The operator can name a place in DRONE_MCP_ADMIN_SECRETS; a value is no argument",
            )
        if dry_run or self._actor.rehearses:
            return replace(change, source=BY_A_PERSON)
        subject = (change.place, change.secret)
        if not self._desk.has_asked(subject):
            await self._actor.begin_asking(change, "page")
        entered = await self._desk.ask(context, subject, f"An agent wants to set the value of {change.label}.")
        if isinstance(entered, InputRequiredResult):
            return entered
        value, number = entered
        return replace(change, source=BY_A_PERSON, value=value, version=number)

    async def _place(self, operation: str, repo: str | None, namespace: str | None = None) -> str:
        """Return the scope of a change; a refusal is on record."""
        async with self._actor.recording_refusals(operation=operation, scope=namespace or repo or ""):
            return self._access.resolve_scope(repo, namespace)

    async def _server(self, operation: str) -> str:
        async with self._actor.recording_refusals(operation=operation, scope="server"):
            return self._access.check_server()
