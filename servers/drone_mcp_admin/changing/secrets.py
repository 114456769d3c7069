"""Changes of secrets. A value comes from a place that the operator has named or from a person, never from an agent."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.guard.operation_risk import Risk
from drone_mcp_admin.access import namespace_of
from drone_mcp_admin.changing.base import AdminChange, AdminPlan, ReadBack, find_dropped, show
from drone_mcp_client import admin_calls

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_mcp_http.call import Call
    from ci_mcp_kit.guard.change import Sent
    from ci_mcp_kit.variables import Secret as Value
    from drone_mcp_admin.settings import AdminSettings
    from drone_mcp_client.client import DroneClient
    from drone_mcp_client.models import Secret


BY_A_PERSON: Final = "a person, who enters it on a page of this machine"


async def list_secrets(drone: DroneClient, scope: str) -> tuple[Secret, ...]:
    """List the secrets of a repository or a namespace, without values."""
    namespace = namespace_of(scope)
    return await (drone.secrets(scope) if namespace is None else drone.org_secrets(namespace))


@dataclass(frozen=True, kw_only=True)
class SetSecret(AdminChange):
    """A secret that is added or changed.

    Attributes:
        secret: its name.
        value: its new value; None where the value stays, or is entered only when the change is made.
        source: the origin of the value, for a sentence; "" where the value stays.
        version: tells one value from another at the same origin, so that a new one is no repeated call.
        rules: `pull_request` and `pull_request_push`, as far as they are given.
    """

    secret: str
    value: Value | None = field(default=None, repr=False)
    source: str = ""
    version: str = ""
    rules: Mapping[str, bool]

    @override
    def contents(self) -> tuple[Any, ...]:
        return self.source, self.version, sorted(self.rules.items())

    @override
    async def plan(self) -> AdminPlan:
        found = await list_secrets(await self.access.client(), self.place)
        there = next((one for one in found if one.name == self.secret), None)
        wanted = {name: value for name, value in self.rules.items() if getattr(there, name, False) != value}
        if there is None and not self.source:
            return self.plan_nothing(f"There is no {self.label}, so it has no value to keep")
        if there is not None and not self.source and not wanted:
            return self.plan_nothing(f"{self.subject} has these rules already")
        body: dict[str, Any] = dict(wanted)
        if self.value is not None:
            body["data"] = self.value.reveal()
        exposes = any(wanted.values())
        notes = ["Builds of pull requests can then read it, and so can anyone who opens one"] if exposes else []
        notes += ["Every repository of the namespace has it"] if namespace_of(self.place) else []
        parts = [f"a value from {self.source}"] if self.source else []
        parts += [f"{name} {show(value)}" for name, value in wanted.items()]
        return self.make_plan(
            f"{'change' if there else 'add'} {self.label}, with {', '.join(parts)}",
            self._call(body, there),
            state=(there.model_dump(include={"pull_request", "pull_request_push"}) if there else None,),
            notes=tuple(notes),
            at_least=Risk.HIGH if exposes else Risk.MEDIUM,
        )

    def _call(self, body: Mapping[str, Any], there: Secret | None) -> Call[Secret]:
        namespace, named = namespace_of(self.place), {"name": self.secret, **body}
        if namespace is None:
            return (
                admin_calls.update_secret(self.place, self.secret, body)
                if there
                else admin_calls.create_secret(self.place, named)
            )
        return (
            admin_calls.update_org_secret(namespace, self.secret, body)
            if there
            else admin_calls.create_org_secret(namespace, named)
        )

    @override
    async def read_back(self, plan: AdminPlan, sent: Sent) -> ReadBack:
        found = await list_secrets(await self.access.client(), self.place)
        there = next((one for one in found if one.name == self.secret), None)
        if there is None:
            return ReadBack(message=f"Drone accepted the call, and has no {self.label}", dropped=(self.target,))
        now = {"pull_request": there.pull_request, "pull_request_push": there.pull_request_push}
        message = f"{self.subject} is set. Drone shows no values: the next build shows whether this one is right"
        return ReadBack(
            message=message if self.source else f"{self.subject} has the new rules, and its value as before",
            now=now,
            dropped=find_dropped(self.rules, now),
        )


def find_value(settings: AdminSettings, change: SetSecret) -> SetSecret | None:
    """Return the change with the value at the operator's place; None where the operator has named none.

    Raises:
        InvalidInput: there is no value at the place.
    """
    place = settings.find_place(change.place, change.secret)
    if place is None:
        return None
    value = settings.value_at(place)
    kind = "file" if place.is_file else "variable"
    if value is None:
        raise InvalidInput(
            f"The {kind} that the operator has named for {change.secret} holds no value",
            next_step=f"The operator has to fill the {kind}, with text in UTF-8",
        )
    version = settings.version_of(place)
    return replace(change, source=f"the {kind} that the operator has named", value=value, version=version)


@dataclass(frozen=True, kw_only=True)
class DeleteSecret(AdminChange):
    """The end of a secret."""

    secret: str

    @override
    async def plan(self) -> AdminPlan:
        if not await self._is_there():
            return self.plan_nothing(f"There is no {self.label}")
        namespace = namespace_of(self.place)
        call = (
            admin_calls.delete_secret(self.place, self.secret)
            if namespace is None
            else admin_calls.delete_org_secret(namespace, self.secret)
        )
        notes = ("Drone shows no values, so nobody can restore it from there; builds that use it get nothing for it",)
        return self.make_plan(f"delete {self.label}", call, state=("there",), notes=notes)

    @override
    async def read_back(self, plan: AdminPlan, sent: Sent) -> ReadBack:
        return self.report_deletion(is_there=await self._is_there())

    async def _is_there(self) -> bool:
        found = await list_secrets(await self.access.client(), self.place)
        return any(one.name == self.secret for one in found)
