"""Exports the queue as the API does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jenkins_mcp_simulator.build_exports import export_build
from jenkins_mcp_simulator.export_values import constants, full_display_name, job_url, millis
from jenkins_mcp_simulator.job_exports import color
from jenkins_mcp_simulator.parameter_exports import export_causes, export_values
from jenkins_mcp_simulator.records import JAVA_CLASSES
from jenkins_mcp_simulator.tree import Exported
from jenkins_mcp_simulator.wait_reasons import is_stuck, why

if TYPE_CHECKING:
    from jenkins_mcp_simulator.records import Item
    from jenkins_mcp_simulator.world import World


def export_queue(world: World, seen: list[Item], discovered: list[Item]) -> Exported:
    """Return the queue with the items that the caller may see, and those of which they may know."""
    fields = {
        "items": lambda: [export_item(world, item) for item in seen],
        "discoverableItems": lambda: [
            Exported(None, constants(task=Exported(None, constants(name=item.job.name)))) for item in discovered
        ],
    }
    return Exported("hudson.model.Queue", fields)


def export_item(world: World, item: Item) -> Exported:
    """Return a queue item, as the kind of item that it is at the moment."""
    fields: dict[str, Any] = {
        "id": lambda: item.id,
        "url": lambda: f"queue/item/{item.id}/",
        "why": lambda: why(world, item),
        "inQueueSince": lambda: millis(item.since),
        "params": lambda: "".join(f"\n{name}={value}" for name, value in item.parameters.items()),
        "actions": lambda: _actions(item),
        "task": lambda: Exported(
            JAVA_CLASSES[item.job.kind],
            constants(
                name=item.job.name,
                fullName=item.job.full_name,
                fullDisplayName=full_display_name(item.job),
                url=job_url(world, item.job),
                color=color(item.job),
            ),
        ),
    }
    obstacle = "" if item.has_left else world.find_obstacle(item)
    is_quiet = obstacle == "quiet"
    is_blocked = bool(obstacle) and not is_quiet and obstacle != "shutdown"
    is_buildable = not item.has_left and not is_quiet and not is_blocked
    fields |= {
        "blocked": lambda: is_blocked,
        "buildable": lambda: is_buildable,
        "stuck": lambda: is_buildable and is_stuck(world, item),
    }
    if item.has_left:
        fields |= {
            "cancelled": lambda: item.cancelled,
            "executable": lambda: export_build(world, item.build) if item.build else None,
        }
        return Exported("hudson.model.Queue$LeftItem", fields)
    if is_quiet:
        return Exported("hudson.model.Queue$WaitingItem", {**fields, "timestamp": lambda: millis(item.quiet_until)})
    fields["buildableStartMilliseconds"] = lambda: millis(item.buildable_since or item.quiet_until)
    if is_blocked:
        return Exported("hudson.model.Queue$BlockedItem", fields)
    return Exported("hudson.model.Queue$BuildableItem", {**fields, "pending": lambda: False})


def _actions(item: Item) -> list[Exported]:
    parameters = export_values(item.job, item.parameters)
    own = [Exported("hudson.model.ParametersAction", constants(parameters=parameters))] if parameters else []
    return [*own, export_causes(item.causes)]
