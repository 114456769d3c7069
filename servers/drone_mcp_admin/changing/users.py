"""Changes of users, and new tokens. A token goes into a file of the operator's folder, and into nothing else."""

from __future__ import annotations

from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from ci_mcp_kit.errors import Conflict, InvalidInput
from ci_mcp_kit.guard.errors import WritesDisabled
from ci_mcp_kit.guard.operation_risk import Risk
from drone_mcp_admin.changing.base import AdminChange, AdminPlan, ReadBack, find_dropped, show
from drone_mcp_client import admin_calls
from drone_mcp_client.errors import DRONE, NotFound

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from contextlib import AbstractAsyncContextManager

    from ci_mcp_kit.guard.change import Sent
    from drone_mcp_admin.values.token_file import TokenFile
    from drone_mcp_client.admin_calls import UserWithToken
    from drone_mcp_client.models import User


@dataclass(frozen=True, kw_only=True)
class UserChange(AdminChange):
    """A change of one user."""

    login: str

    async def find(self) -> User | None:
        """Return the user as they are now, None where there is none."""
        found = await (await self.access.client()).users()
        return next((one for one in found if one.login == self.login), None)

    async def find_other(self) -> User | None:
        """Return the user; refuse the one whose token this server reads with.

        Raises:
            Conflict: it is that user.
        """
        if (await (await self.access.client()).user()).login == self.login:
            raise Conflict(
                f"{self.login} is the user whose token this server uses: it would lock itself out",
                next_step="A person can do this on Drone's own pages",
                retryable=False,
                service=DRONE,
            )
        return await self.find()


@dataclass(frozen=True, kw_only=True)
class CreateUser(UserChange):
    """A new user; `tokens` keeps the token of a machine."""

    machine: bool
    admin: bool
    tokens: TokenFile | None = field(default=None, repr=False)

    @override
    def contents(self) -> tuple[Any, ...]:
        return self.machine, self.admin

    @override
    async def plan(self) -> AdminPlan:
        if await self.find() is not None:
            return self.plan_nothing(f"{self.subject} exists already")
        if self.machine:
            require_folder(self.tokens)
        kind = "machine user" if self.machine else "user"
        kept = "Its token goes into the operator's folder, and is shown nowhere" if self.machine else ""
        blind = "A machine that is no system administrator reads public repositories only" if self.machine else ""
        notes = tuple(note for note in (kept, "" if self.admin else blind) if note)
        return self.make_plan(
            f"add the {kind} {self.login}" + (" as a system administrator" if self.admin else ""),
            admin_calls.create_user(self.login, machine=self.machine, admin=self.admin),
            state=(None,),
            notes=notes,
            at_least=Risk.HIGH if self.admin else Risk.MEDIUM,
            promotes=self.admin,
        )

    @override
    def while_sending(self) -> AbstractAsyncContextManager[object]:
        return hold_room(self.tokens) if self.machine else nullcontext()

    @override
    async def read_back(self, plan: AdminPlan, sent: Sent) -> ReadBack:
        kept = keep_token(self, self.tokens, sent.answers[0]) if self.machine else None
        user = await self.find()
        now = _facts(user) if user else {}
        return ReadBack(
            message=f"{self.subject} is added. {kept.message}" if kept else f"{self.subject} is added",
            now={**now, **(kept.now if kept else {})},
            dropped=find_dropped({"machine": self.machine, "admin": self.admin}, now),
            next_step=kept.next_step if kept else "",
        )


@dataclass(frozen=True, kw_only=True)
class UpdateUser(UserChange):
    """A user who becomes active or a system administrator, or no longer is."""

    changes: Mapping[str, bool]

    @override
    def contents(self) -> tuple[Any, ...]:
        return (sorted(self.changes.items()),)

    @override
    async def plan(self) -> AdminPlan:
        if not self.changes:
            raise InvalidInput("Neither admin nor active is given", next_step="Give at least one of them")
        there = await self.find_other()
        if there is None:
            raise NotFound(f"There is no {self.label}", next_step="drone_list_users lists all users")
        wanted = {name: value for name, value in self.changes.items() if getattr(there, name) != value}
        if not wanted:
            return self.plan_nothing(f"{self.subject} is like that already")
        said = ", ".join(f"{name} from {show(getattr(there, name))} to {show(value)}" for name, value in wanted.items())
        losing = "Drone gives their repositories to another user, and takes the administrator's rights away"
        return self.make_plan(
            f"change {self.label}: {said}",
            admin_calls.update_user(self.login, wanted),
            state=(there.admin, there.active),
            notes=(losing,) if wanted.get("active") is False else (),
            promotes=bool(wanted.get("admin")),
        )

    @override
    async def read_back(self, plan: AdminPlan, sent: Sent) -> ReadBack:
        user = await self.find()
        now = _facts(user) if user else {}
        return ReadBack(message=f"{self.subject} is changed", now=now, dropped=find_dropped(self.changes, now))


@dataclass(frozen=True, kw_only=True)
class DeleteUser(UserChange):
    """The end of a user."""

    @override
    async def plan(self) -> AdminPlan:
        there = await self.find_other()
        if there is None:
            return self.plan_nothing(f"There is no {self.label}")
        notes = ("Their token stops working at once, and Drone gives their repositories to another user",)
        call = admin_calls.delete_user(self.login)
        return self.make_plan(f"delete {self.label}", call, state=(there.admin, there.machine), notes=notes)

    @override
    async def read_back(self, plan: AdminPlan, sent: Sent) -> ReadBack:
        return self.report_deletion(is_there=await self.find() is not None)


@dataclass(frozen=True, kw_only=True)
class RotateToken(UserChange):
    """A new token for the user of the write token, where `login` is "", or the end of another user's.

    Drone tells a new token to its own user alone: that of another is known to nobody but them, on their account page
    (harness/drone v2.25.0, handler/api/users/rotate.go).
    """

    tokens: TokenFile | None = field(default=None, repr=False)

    @override
    async def plan(self) -> AdminPlan:
        if not self.login:
            require_folder(self.tokens)
            notes = (
                "The old token stops working at once, in every process and client that uses it",
                "The new one goes into the operator's folder, and is shown nowhere",
            )
            return self.make_plan("renew this server's own write token", admin_calls.rotate_own_token(), notes=notes)
        there = await self.find_other()
        if there is None:
            raise NotFound(f"There is no {self.label}", next_step="drone_list_users lists all users")
        lost = "A machine has no account page: to give it a token again, delete it and create it anew"
        notes = (
            "The old token stops working at once, in every process and client that uses it",
            lost if there.machine else "Only that user can read the new one, on their account page in Drone",
        )
        return self.make_plan(
            f"revoke the token of user {self.login}",
            admin_calls.revoke_token(self.login),
            state=(there.login, there.machine),
            notes=notes,
        )

    @override
    def while_sending(self) -> AbstractAsyncContextManager[object]:
        return nullcontext() if self.login else hold_room(self.tokens)

    @override
    async def read_back(self, plan: AdminPlan, sent: Sent) -> ReadBack:
        if self.login:
            return ReadBack(message=f"The token of user {self.login} is revoked", now={"login": self.login})
        return keep_token(self, self.tokens, sent.answers[0])


def require_folder(tokens: TokenFile | None) -> None:
    """Refuse a new token that could not be kept.

    Raises:
        WritesDisabled: the operator has named no folder.
    """
    if tokens is None:
        raise WritesDisabled(
            "There is no folder for new tokens, and a token is never an answer",
            next_step="The operator of this server can name one in DRONE_MCP_ADMIN_TOKEN_FOLDER (guard.token_folder)",
        )


@asynccontextmanager
async def hold_room(tokens: TokenFile | None) -> AsyncIterator[None]:
    """Hold room for a token while the call that makes it is under way."""
    require_folder(tokens)
    if tokens is not None:
        with tokens.reserved():
            yield


def keep_token(change: AdminChange, tokens: TokenFile | None, made: UserWithToken | None) -> ReadBack:
    """Write a new token into its file, and say where it is."""
    if made is None or not made.token or tokens is None:
        return ReadBack(message="Drone has sent no token", dropped=("token",))
    change.access.learn(made.token)
    try:
        path = tokens.keep(made.login, made.token)
    except OSError as error:
        return ReadBack(
            message=f"The new token of {made.login} could not be written ({error.strerror}) and is lost",
            dropped=("token",),
            next_step="Make the folder writable, then make another token",
        )
    return ReadBack(
        message=f"The new token of {made.login} is in {path.name} of the operator's folder",
        now={"login": made.login, "file": path.name},
        next_step="Whatever uses the old token takes the new one from that file",
    )


def _facts(user: User) -> dict[str, Any]:
    return {"login": user.login, "machine": user.machine, "admin": user.admin, "active": user.active}
