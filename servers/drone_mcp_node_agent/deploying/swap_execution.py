"""Plays moves on the container engine, forward and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio

from ci_mcp_kit.errors import ServiceFailed
from drone_mcp_node_agent.deploying.swap import Act, Move, Swap, back, finish
from drone_mcp_node_agent.runtime.runtime import RuntimeFault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drone_mcp_node_agent.runtime.runtime import Runtime

# Whose first packet was lost, while a container announced itself, sends it again after a second
# (https://www.rfc-editor.org/rfc/rfc6298#section-2).
LINGER_SECONDS: Final = 2.0


async def play(runtime: Runtime, move: Move) -> None:
    """Do one move; a probe is left to those who know the component."""
    match move.act:
        case Act.RENAME:
            await runtime.rename(move.name, move.to)
        case Act.STOP:
            await runtime.stop(move.name)
        case Act.START:
            await runtime.start(move.name)
        case Act.REMOVE:
            await runtime.remove(move.name)
        case Act.ANNOUNCE:
            await runtime.announce(move.name)
        case Act.LINGER:
            await anyio.sleep(LINGER_SECONDS)
        case Act.PROBE:
            pass


async def go_back(runtime: Runtime, swaps: Iterable[Swap]) -> None:
    """Restore what there was before swaps, the last one first. One that fails does not keep the others from it.

    Raises:
        ServiceFailed: one could not be restored; the journal still has the operation, so the next one tries again.
    """
    faults = []
    for swap in reversed([*swaps]):
        try:
            for move in back(swap, await look_at(runtime, swap)):
                await play(runtime, move)
        except RuntimeFault as fault:
            faults.append(f"{swap.component}: {fault.message}")
    if faults:
        raise ServiceFailed(
            f"The old containers could not be restored. {'; '.join(faults)}",
            next_step="Fix the cause on the node; the next operation on the service, or the daemon's next start, "
            "tries again",
        )


async def clean_up(runtime: Runtime, swaps: Iterable[Swap]) -> None:
    """Remove what is left of old containers."""
    for swap in swaps:
        for move in finish(swap, await look_at(runtime, swap)):
            await play(runtime, move)


async def look_at(runtime: Runtime, swap: Swap) -> dict[str, bool]:
    """Return which of the containers of a swap exist, and whether they are up."""
    found = await runtime.inspect(swap.names)
    return {name: one.is_running or one.status == "paused" for name, one in found.items()}
