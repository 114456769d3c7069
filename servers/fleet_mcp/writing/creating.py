"""Creates an agent by role and project, with its first task."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from ci_mcp_kit.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from ci_mcp_kit.guard.change import Plan, Sent
from ci_mcp_kit.outgoing_text import one_line
from coder_client import calls
from coder_client.errors import CODER, CODER_WRITES
from fleet_mcp.access import ME
from fleet_mcp.quoting import MESSAGE_WIDTH
from fleet_mcp.reading.offers import choose_template
from fleet_mcp.rules.contract import CREATED
from fleet_mcp.writing.base import FleetChange

if TYPE_CHECKING:
    from coder_client.models import Evaluation, Workspace
    from fleet_mcp.guard.rules import FleetAction
    from fleet_mcp.reading.offers import Offer
    from fleet_mcp.writing.views import ChangedView

MOST_FAULTS: Final = 5
NO_OWNER: Final = "owner_not_found"  # the code of Coder 2.36; the summary is not made for programs


@dataclass(frozen=True, kw_only=True)
class CreatePlan(Plan["FleetAction"]):
    """A plan, with the agent that was created before by a call with the same key."""

    found: Workspace | None = None


@dataclass(frozen=True, kw_only=True)
class CreateChange(FleetChange):
    """A new agent.

    The first plan trusts that its name is free, which saves a request: Coder refuses a name that is taken. Each later
    one looks, as Coder has refused the name, or time has passed. `plans` counts them.

    Attributes:
        is_sent_at_once: whether the creation follows the plan without a question. Coder evaluates the parameters before
            each plan is carried out or shown; but where the plan had to read the template's parameters or does not know
            the owner's id, a creation that is sent at once leaves that to Coder, which evaluates them before it creates
            anything, and refuses the same values in the same words (coder/coder v2.36.0,
            coderd/dynamicparameters/resolver.go). So no creation takes more than three requests.
    """

    role: str
    task: str
    template: str | None
    is_sent_at_once: bool
    plans: list[int] = field(default_factory=list, repr=False, compare=False)

    @override
    def contents(self) -> tuple[Any, ...]:
        return self.role, self.task, self.template

    @override
    async def plan(self) -> CreatePlan:
        self.access.scope.check(self.project)
        owner, name = self.access.split_name(self.agent)
        self.plans.append(1)
        if len(self.plans) > 1 and (found := await self._find(owner, name)) is not None:
            action = self.make_action(f"{found.owner_name}/{name}")
            nothing = f"agent {name} was created with this key before"
            return CreatePlan(action=action, effect="create nothing", nothing=nothing, found=found)
        offer = await choose_template(self.access, self.role, self.project, self.template)
        values = self._values(offer)
        if not self.is_sent_at_once or (offer.was_known and self.access.knows_user(owner)):
            coder, owner_id = await self.access.client(), await self.access.user_id(owner)
            check_evaluation(
                await coder.send(calls.evaluate_parameters(offer.template.active_version_id, owner_id, values))
            )
        call = calls.create_workspace(owner, name, offer.template.id, values, scope=self.project)
        return CreatePlan(
            action=self.make_action(name if owner == ME else f"{owner}/{name}", call),
            calls=(call,),
            effect=f"create agent {name} from template {offer.template.name} as {self.role} of {self.project}",
        )

    def _values(self, offer: Offer) -> dict[str, str]:
        contract = self.access.settings.contract
        values = {contract.project: self.project, contract.task: self.task}
        if not contract.role_is_template:
            values[contract.role] = self.role
        if self.once:
            # No build precedes the first one, so its outcome is free to carry the key.
            values |= {contract.last_state: CREATED, contract.last_message: make_key(self.once)}
        unknown = [name for name in values if offer.parameter(name) is None]
        if unknown:  # Coder ignores them without a word
            raise InvalidInput(f"Template {offer.template.name} has no parameter {', '.join(unknown)}", service=CODER)
        return values

    async def _find(self, owner: str, name: str) -> Workspace | None:
        """Return the agent of this name that was created with this key, None if the name is free.

        Raises:
            Conflict: another agent has the name.
        """
        coder = await self.access.client()
        try:
            found = await coder.send(calls.get_workspace(owner, name))
        except NotFound:
            return None
        first = found.latest_build
        if first.build_number > 1:
            oldest = await coder.send(calls.list_builds(found.id, limit=1, offset=first.build_number - 1))
            first = oldest[0]
        given = {one.name: one.value for one in await coder.send(calls.list_build_parameters(first.id))}
        contract = self.access.settings.contract
        if self.once and given.get(contract.last_message) == make_key(self.once):
            return found
        raise Conflict(
            f"An agent is called {name} already",
            next_step="Choose another name, or give that agent the task with fleet_start_task",
            retryable=False,
            service=CODER_WRITES,
        )

    @override
    async def find_effect(self, plan: Plan[FleetAction], index: int) -> Sent | None:
        owner, name = self.access.split_name(self.agent)
        found = await self._find(owner, name) if self.once else None
        return Sent((found,)) if found is not None else None

    @override
    async def describe_done(self, plan: Plan[FleetAction], sent: Sent) -> ChangedView:
        for workspace in sent.answers:
            self.access.remember(workspace)  # so that the next creation knows its owner
        return await super().describe_done(plan, sent)

    @override
    def next_step(self, plan: Plan[FleetAction]) -> str:
        return f"Call fleet_wait_for_agent with agent {plan.action.agent} and until ready"


def make_key(once: str) -> str:
    """Return what a build keeps of a key."""
    return f"key {hashlib.sha256(once.encode()).hexdigest()[:16]}"


def check_evaluation(evaluation: Evaluation) -> None:
    """Refuse values that Coder would refuse.

    Raises:
        InvalidInput: naming what is wrong with each.
        PermissionDenied: the token may not read the user who would own the workspace.
    """
    if any(one.code == NO_OWNER for one in evaluation.diagnostics):
        raise PermissionDenied(
            "Coder evaluates parameters for the owner of the workspace, whom this token may not read",
            next_step=f"Have {CODER.token} made anew with the scope user:read, too",
            service=CODER,
        )
    faults = [one_line(f"{one.summary}: {one.detail}", MESSAGE_WIDTH) for one in evaluation.diagnostics]
    faults += [
        one_line(f"{parameter.name}: {one.summary}: {one.detail}", MESSAGE_WIDTH)
        for parameter in evaluation.parameters
        for one in parameter.diagnostics
        if one.severity == "error"
    ]
    if faults:
        fields = [parameter.name for parameter in evaluation.parameters if parameter.diagnostics]
        raise InvalidInput(
            f"Coder would refuse these parameters. {'; '.join(faults[:MOST_FAULTS])}",
            details={"fields": fields},
            service=CODER,
        )
