"""Changes of repositories: their settings, whether and for whom Drone builds them, and their old builds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from ci_mcp_http.call import quote_input
from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.guard.operation_risk import Risk
from drone_mcp_admin.changing.base import AdminChange, AdminPlan, ReadBack, find_dropped, show
from drone_mcp_client import admin_calls, calls
from drone_mcp_client.errors import DRONE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ci_mcp_kit.guard.change import Sent
    from drone_mcp_client.models import Repo

# Drone drops these without a word where the user is no system administrator (harness/drone v2.25.0,
# handler/api/repos/update.go).
FOR_SYSTEM_ADMINISTRATORS: Final = ("trusted", "timeout", "throttle", "counter")
OPENNESS: Final = ("private", "internal", "public")


SWITCHES: Final = (
    *("trusted", "protected", "ignore_forks", "ignore_pull_requests"),
    *("auto_cancel_pull_requests", "auto_cancel_pushes", "auto_cancel_running"),
)


def read_switches(on: Collection[str], off: Collection[str]) -> dict[str, bool]:
    """Return the settings that are turned on or off.

    Raises:
        InvalidInput: there is none of that name, or one is to be both.
    """
    turned = [*((name, True) for name in on), *((name, False) for name in off)]
    wrong = [name for name, _ in turned if name not in SWITCHES or (name in on and name in off)]
    if wrong:
        raise InvalidInput(
            f"{quote_input(wrong[0])} is no switch of a repository, or is to be both on and off",
            next_step=f"The switches are {', '.join(SWITCHES)}",
        )
    return dict(turned)


@dataclass(frozen=True, kw_only=True)
class UpdateRepo(AdminChange):
    """New values of settings, by Drone's names."""

    settings: Mapping[str, Any]

    @override
    def contents(self) -> tuple[Any, ...]:
        return (sorted(self.settings.items()),)

    @override
    async def plan(self) -> AdminPlan:
        if not self.settings:
            raise InvalidInput("No setting is named", next_step="Give at least one setting and its new value")
        repo = await (await self.access.client()).repo(self.place)
        wanted = {name: value for name, value in self.settings.items() if getattr(repo, name) != value}
        if not wanted:
            return self.plan_nothing(f"{self.place} has these settings already")
        changes = ", ".join(
            f"{name} from {show(getattr(repo, name))} to {show(value)}" for name, value in wanted.items()
        )
        return self.make_plan(
            f"change {self.place}: {changes}",
            calls.update_repo(self.place, wanted),
            state=(repo.version, *(getattr(repo, name) for name in wanted)),
            notes=tuple(_note_settings(repo, wanted)),
            at_least=Risk.HIGH if _opens(repo, wanted) else Risk.MEDIUM,
            trusts=bool(wanted.get("trusted")),
        )

    @override
    async def read_back(self, plan: AdminPlan, sent: Sent) -> ReadBack:
        repo = await (await self.access.client()).repo(self.place)
        now = {name: getattr(repo, name) for name in self.settings}
        dropped = find_dropped(self.settings, now)
        if not dropped:
            return ReadBack(message=f"{self.place} has the new settings", now=now)
        reserved = [
            name for name in FOR_SYSTEM_ADMINISTRATORS if name in self.settings and now[name] != self.settings[name]
        ]
        return ReadBack(
            message=f"Drone accepted the call and dropped {len(dropped)} of {len(self.settings)} settings",
            now=now,
            dropped=dropped,
            next_step=f"Only a system administrator's token may set {', '.join(reserved)}" if reserved else "",
        )


def _opens(repo: Repo, wanted: Mapping[str, Any]) -> bool:
    """Return whether more people see the repository, or its builds may do more, than before."""
    wider = OPENNESS.index(wanted.get("visibility", "private"))
    seen = OPENNESS.index(repo.visibility) if repo.visibility in OPENNESS else 0
    return bool(wanted.get("trusted")) or wanted.get("protected") is False or wider > seen


def _note_settings(repo: Repo, wanted: Mapping[str, Any]) -> list[str]:
    notes = []
    if wanted.get("trusted"):
        notes.append("Steps of a trusted repository may run privileged and mount the host's folders")
    if wanted.get("protected") is False:
        notes.append("Changed pipeline files then run without an approval")
    if _opens(repo, {"visibility": wanted.get("visibility", "private")}):
        notes.append("More people then see its builds and logs")
    if "counter" in wanted and wanted["counter"] < repo.counter:
        notes.append(f"New builds get numbers that exist already: the newest has {repo.counter}")
    if set(wanted) & set(FOR_SYSTEM_ADMINISTRATORS):
        notes.append("Drone drops trusted, timeout, throttle and counter unless a system administrator sends them")
    return notes


@dataclass(frozen=True, kw_only=True)
class EnableRepo(AdminChange):
    """Drone begins to build a repository."""

    @override
    async def plan(self) -> AdminPlan:
        repo = await (await self.access.client()).repo(self.place)
        if repo.active:
            return self.plan_nothing(f"{self.place} is enabled already; repair renews its hook at the source host")
        notes = ("The user of the write token becomes its owner; the source host gets a new hook",)
        call = calls.enable_repo(self.place)
        return self.make_plan(f"enable {self.place}", call, state=(repo.active, repo.user_id), notes=notes)

    @override
    async def read_back(self, plan: AdminPlan, sent: Sent) -> ReadBack:
        return await _read_active(self, wanted=True)


@dataclass(frozen=True, kw_only=True)
class DisableRepo(AdminChange):
    """Drone no longer builds a repository."""

    @override
    async def plan(self) -> AdminPlan:
        repo = await (await self.access.client()).repo(self.place)
        if not repo.active:
            return self.plan_nothing(f"{self.place} is disabled already")
        notes = ("Pushes then start no builds. Its builds, secrets and jobs stay, and so does the source host's hook",)
        call = calls.disable_repo(self.place)
        return self.make_plan(f"disable {self.place}", call, state=(repo.active,), notes=notes)

    @override
    async def read_back(self, plan: AdminPlan, sent: Sent) -> ReadBack:
        return await _read_active(self, wanted=False)


async def _read_active(change: AdminChange, *, wanted: bool) -> ReadBack:
    repo = await (await change.access.client()).repo(change.place)
    word = "enabled" if repo.active else "disabled"
    return ReadBack(
        message=f"{change.place} is {word}",
        now={"active": repo.active, "owner_id": repo.user_id},
        dropped=find_dropped({"active": wanted}, {"active": repo.active}),
    )


@dataclass(frozen=True, kw_only=True)
class ChownRepo(AdminChange):
    """The user of the write token becomes the owner."""

    @override
    async def plan(self) -> AdminPlan:
        repo = await (await self.access.client()).repo(self.place)
        notes = ("Drone then reads the source host with that user's account, for every build",)
        effect = f"make the user of the write token the owner of {self.place}, in place of user {repo.user_id}"
        return self.make_plan(effect, admin_calls.chown_repo(self.place), state=(repo.user_id,), notes=notes)

    @override
    async def read_back(self, plan: AdminPlan, sent: Sent) -> ReadBack:
        repo = await (await self.access.client()).repo(self.place)
        return ReadBack(message=f"User {repo.user_id} owns {self.place}", now={"owner_id": repo.user_id})


@dataclass(frozen=True, kw_only=True)
class RepairRepo(AdminChange):
    """Drone reads a repository from the source host again and renews its hook there."""

    @override
    async def plan(self) -> AdminPlan:
        repo = await (await self.access.client()).repo(self.place)
        if not repo.active:
            return self.plan_nothing(f"{self.place} is disabled, so it has no hook to renew; enable it instead")
        effect = f"repair {self.place}: read its name, address and branch from the source host, and renew its hook"
        return self.make_plan(effect, admin_calls.repair_repo(self.place), state=(repo.active,))

    @override
    async def read_back(self, plan: AdminPlan, sent: Sent) -> ReadBack:
        repo = await (await self.access.client()).repo(self.place)
        now = {"default_branch": repo.default_branch, "link": repo.link, "private": repo.private}
        return ReadBack(message=f"{self.place} is repaired", now=now)


@dataclass(frozen=True, kw_only=True)
class SyncRepos(AdminChange):
    """Drone lists the repositories of the write token's user at the source host."""

    target: str = "list of repositories"

    @override
    async def plan(self) -> AdminPlan:
        return self.make_plan(
            "read the repositories of the write token's user from the source host", calls.sync_repos()
        )

    @override
    async def read_back(self, plan: AdminPlan, sent: Sent) -> ReadBack:
        return ReadBack(
            message="Drone has begun to read them, and answers before it is done",
            next_step="List the settings of repositories in a minute",
        )


@dataclass(frozen=True, kw_only=True)
class PurgeBuilds(AdminChange):
    """The end of all builds below a number."""

    before: int | None
    target: str = field(default="", init=False)

    @override
    def contents(self) -> tuple[Any, ...]:
        return (self.before,)

    @override
    async def plan(self) -> AdminPlan:
        if self.before is None:
            raise InvalidInput("purge_builds needs the number before which builds go", next_step="Give before")
        repo = await (await self.access.client()).repo(self.place)
        if self.before > repo.counter:
            raise InvalidInput(
                f"The newest build of {self.place} is {repo.counter}: before {self.before}, all of them would go",
                next_step=f"Name a number of {repo.counter} or less, so that the newest build stays",
                service=DRONE,
            )
        newest = await self._find_newest(self.before)
        if newest is None:
            return self.plan_nothing(f"{self.place} has no builds before {self.before}")
        return self.make_plan(
            f"delete all builds of {self.place} up to build {newest} for good",
            admin_calls.purge_builds(self.place, self.before),
            state=(self.before, newest),
            notes=("Nothing brings them back. Their logs stay in Drone's log store, where nothing leads to them",),
        )

    @override
    async def read_back(self, plan: AdminPlan, sent: Sent) -> ReadBack:
        left = await self._find_newest(self.before or 0)
        return ReadBack(
            message=f"The builds of {self.place} before {self.before} are deleted",
            dropped=() if left is None else (f"build {left} is still there",),
        )

    async def _find_newest(self, before: int) -> int | None:
        """Return the newest of the builds that go; those after it are read, and none before it."""
        drone = await self.access.client()
        async for build in drone.builds(self.place):
            if build.number < before:
                return build.number
        return None
