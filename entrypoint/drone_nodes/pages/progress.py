"""Shows a deployment while it runs: a line for each step, and what is under way at the foot of a terminal."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ci_mcp_kit.terminal import console_on
from drone_nodes.pages.words import clean

_PHASES = {  # phase -> under way, done
    "pull": ("pulling the image", "has the image"),
    "create": ("creating the container", "the container is created"),
    "stop": ("stopping the old container", "the old container is stopped"),
    "start": ("starting", "started"),
    "probe": ("waiting until it is healthy", "healthy"),
    "remove": ("removing the old container", "the old container is removed"),
    "roll-back": ("going back to the old container", "the old container runs again"),
}

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from drone_mcp_nodes_api.wire import agent_pb2 as pb


@contextmanager
def show_progress() -> Iterator[Callable[[pb.Progress], None]]:
    """Yield a function that shows one message of progress, on standard error."""
    console = console_on(sys.stderr)
    under_way: dict[tuple[str, str], str] = {}
    with console.status("asking the node …") as status:

        def show(progress: pb.Progress) -> None:
            step = (progress.component, progress.phase)
            said = progress.text or _PHASES.get(progress.phase, (progress.phase, progress.phase))[progress.done]
            text = clean(f"{progress.component}: {said}").plain
            if progress.done:
                under_way.pop(step, None)
                console.print(text, style="dim", markup=False)
            else:
                under_way[step] = text
            status.update(", ".join(under_way.values()).replace("[", "\\[") or "…")

        yield show
