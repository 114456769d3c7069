"""`drone-mcp-config demo`: play the main job on the simulator."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import typer

from drone_mcp_config.demo.processes import SimulatedDrone, simulated
from drone_mcp_config.errors import NotWritten, UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_config.demo.agent import Act


PLAYED_ON = ("drone_mcp_simulator", "drone_mcp_webhooks")


def run(*, as_json: bool, keep: bool) -> None:
    """Play every act and show it.

    Raises:
        UserError: this installation lacks a program that the demo needs.
        NotWritten: an act failed; nothing is left behind.
    """
    missing = [module for module in PLAYED_ON if importlib.util.find_spec(module) is None]
    if missing:
        programs = " and ".join(module.replace("_", "-") for module in missing)
        raise UserError(f"The demo needs {programs}, which is not part of this installation.")
    from drone_mcp_config.demo.agent import StoryFailed  # noqa: PLC0415 - only this command needs it
    from drone_mcp_config.demo.console import Pages  # noqa: PLC0415 - only this command needs it

    folder = Path(tempfile.mkdtemp(prefix="drone-mcp-demo-"))
    pages = Pages()
    try:
        with simulated(folder, keep=keep) as drone:
            acts = anyio.run(_play, drone, folder, (lambda _: None) if as_json else pages.show)
    except StoryFailed as failed:
        raise NotWritten(f"The demo failed: {failed}") from failed
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    if as_json:
        pids = [process.pid for process in drone.processes]
        kept = {"kept": {"url": drone.url, "pids": pids, "folder": str(folder)}} if keep else {}
        summary = {"acts": [act.as_data() for act in acts], "line": acts[-1].line, **kept}
        typer.echo(json.dumps(summary, indent=2))
        return
    pages.close(acts[-1])
    if keep:
        pages.kept(drone, folder)


async def _play(drone: SimulatedDrone, folder: Path, show: Callable[[Act], None]) -> list[Act]:
    from drone_mcp_config.demo.acts import play_acts  # noqa: PLC0415 - brings the SDK, slow to load

    acts = []
    async for act in play_acts(drone, folder, os.environ):
        show(act)
        acts.append(act)
    return acts
