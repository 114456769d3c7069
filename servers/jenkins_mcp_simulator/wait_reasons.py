"""Why an item of the queue waits, in Jenkins' words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jenkins_mcp_simulator.records import Item
    from jenkins_mcp_simulator.world import World

MINUTE: Final = 60
SHORT: Final = 10  # seconds, below which a tenth is shown
NEXT_EXECUTOR: Final = "Waiting for next available executor"


def why(world: World, item: Item) -> str | None:
    """Return why an item waits, None for one that does not (hudson/model/Messages.properties)."""
    if item.has_left:
        return None
    obstacle = world.find_obstacle(item)
    sentences = {
        "quiet": f"In the quiet period. Expires in {_span(item.quiet_until - world.now())}",
        "shutdown": "Jenkins is about to shut down",
    }
    if obstacle:
        return sentences.get(obstacle, f"Build {obstacle} is already in progress (ETA: N/A)")
    label = item.job.label
    if not label:
        return NEXT_EXECUTOR
    name = f"\N{LEFT SINGLE QUOTATION MARK}{label}\N{RIGHT SINGLE QUOTATION MARK}"
    fitting = [node for node in world.nodes if node.fits(label)]
    if all(node.offline for node in fitting):
        return f"All nodes of label {name} are offline" if fitting else f"There are no nodes with the label {name}"
    return f"{NEXT_EXECUTOR} on {name}"


def is_stuck(world: World, item: Item) -> bool:
    """Return whether no machine that is online has the label (hudson/model/Queue.java, `BuildableItem.isStuck`)."""
    return not any(node.fits(item.job.label) and not node.offline for node in world.nodes)


def _span(seconds: float) -> str:
    """Return a duration as `hudson.Util.getTimeSpanString` writes it, in its largest unit."""
    if seconds >= MINUTE:
        return f"{int(seconds // MINUTE)} min"
    return f"{seconds:.1f} sec" if seconds < SHORT else f"{int(seconds)} sec"
