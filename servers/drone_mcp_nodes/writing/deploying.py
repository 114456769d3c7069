"""The changes that replace containers: deploying a plan, and going back to a revision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from ci_mcp_kit.errors import Conflict, InvalidInput
from ci_mcp_kit.guard.change import Sent
from ci_mcp_kit.outgoing_text import one_line
from drone_mcp_nodes.formatting import REASON_WIDTH
from drone_mcp_nodes.reading.planning import describe_definition, describe_steps, make_plan
from drone_mcp_nodes.reading.revisions import MOST, describe_revision
from drone_mcp_nodes.service_descriptor import NODES_WRITES
from drone_mcp_nodes.writing.base import NodeChange
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_mcp_kit.guard.change import Plan
    from drone_mcp_nodes.guard.rules import NodeAction
    from drone_mcp_nodes.writing.views import ChangedView

GONE_BACK = {"rolled-back", "failed"}


@dataclass(frozen=True, kw_only=True)
class ReplacingChange(NodeChange):
    """A change whose answer is that of a deployment, and that makes a revision."""

    @override
    async def find_effect(self, plan: Plan[NodeAction], index: int) -> Sent | None:
        found = await super().find_effect(plan, index)
        if found is not None:
            return found
        newest = await self._newest_revision()
        # The state of such an action begins with the revision before it.
        if newest is None or newest.number <= plan.action.state[0] or newest.outcome not in {"deployed", *GONE_BACK}:
            return None
        answer = pb.DeployResponse(revision=newest.number, rolled_back=newest.outcome in GONE_BACK)
        return Sent((answer,)) if images_of(newest.spec) == plan.action.state[1] else None

    async def _newest_revision(self) -> pb.Revision | None:
        request = pb.ListRevisionsRequest(service=self.place.service, limit=1)
        answer: pb.ListRevisionsResponse = await self.access.read(self.place.node, "ListRevisions", request)
        return next(iter(answer.revisions), None)

    @override
    def describe_answer(self, plan: Plan[NodeAction], answer: pb.DeployResponse) -> ChangedView:
        view = super().describe_answer(plan, answer)
        reason = one_line(answer.reason, REASON_WIDTH)
        more: dict[str, Any] = {"revision": answer.revision or None}
        if answer.rolled_back:
            why = f": {reason}" if reason else ""
            more |= {"outcome": "failed", "message": f"Taken back, so the containers from before run again{why}"}
            more["next_step"] = f"Look with nodes_get_status, service {self.place}, then at its newest events"
        elif reason:
            more["notes"] = (*view.notes, reason)
        return view.model_copy(update=more)


@dataclass(frozen=True, kw_only=True)
class DeployChange(ReplacingChange):
    """The deployment of a plan.

    Attributes:
        fingerprint: of the plan, which must still be what the node would do.
        component: the only one to deploy; "" for all.
        version: the tag of the image to deploy; "" for the one that is defined.
    """

    fingerprint: str
    component: str = ""
    version: str = ""

    @override
    def contents(self) -> tuple[Any, ...]:
        return (self.fingerprint, self.component, self.version)

    @override
    async def plan(self) -> Plan[NodeAction]:
        spec, plan, origin = await make_plan(self.access, self.place, self.component, self.version)
        if not plan.changes:
            return self.make_empty_plan(f"everything of {self.place} is as defined")
        if plan.plan != self.fingerprint:
            raise Conflict(
                f"What a deployment of {self.place} would do is no longer the plan {one_line(self.fingerprint, 64)}",
                next_step="Plan again with nodes_plan_deploy, with the same component and version, and look at it",
                service=NODES_WRITES,
            )
        newest = await self._newest_revision()
        request = pb.DeployRequest(spec=spec, component=self.component, plan=plan.plan)
        what = ", ".join(f"{step.component} ({step.action})" for step in plan.steps if step.action != "keep")
        state = (newest.number if newest else 0, images_of(spec), plan.plan)
        notes = [*describe_steps(plan), *describe_definition(spec, origin, self.version)]
        return self.make_plan(request, f"deploy {self.place}: {what}", state=state, notes=notes)


@dataclass(frozen=True, kw_only=True)
class RollbackChange(ReplacingChange):
    """A deployment of what a revision was; `revision` 0 is the one before the present one."""

    revision: int = 0

    @override
    def contents(self) -> tuple[Any, ...]:
        return (self.revision,)

    @override
    async def plan(self) -> Plan[NodeAction]:
        status = await self.read_idle()
        listing = pb.ListRevisionsRequest(service=self.place.service, limit=MOST)
        answer: pb.ListRevisionsResponse = await self.access.read(self.place.node, "ListRevisions", listing)
        target = choose_revision(answer.revisions, status.revision, self.revision)
        if target is None:
            raise InvalidInput(
                f"Service {self.place} has no revision {self.revision or 'to go back to'}",
                next_step="Name one that nodes_list_revisions shows",
                service=NODES_WRITES,
            )
        # Sent by its number, so that what was confirmed is done, also if there is a newer one by then.
        request = pb.RollbackServiceRequest(service=self.place.service, revision=target.number)
        newest = max(revision.number for revision in answer.revisions)
        return self.make_plan(
            request,
            f"roll back {self.place} from revision {status.revision} to {target.number}",
            state=(newest, images_of(target.spec), status.revision),
            notes=(f"Revision {describe_revision(target)}",),
        )


def choose_revision(revisions: Iterable[pb.Revision], current: int, wanted: int) -> pb.Revision | None:
    """Return the revision to go back to: the wanted one, else the newest that ran before the current one. Pure."""
    if wanted:
        return next((one for one in revisions if one.number == wanted), None)
    before = [one for one in revisions if one.number < current and one.outcome == "deployed"]
    return max(before, key=lambda one: one.number, default=None)


def images_of(spec: pb.ServiceSpec) -> list[list[str]]:
    """Return the components of a definition with their images, as JSON values."""
    return sorted([component.name, component.image] for component in spec.components)
