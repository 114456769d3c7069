"""How many modules and functions of ours one call of a tool enters: what a reader has to walk through to follow it.

    python benchmarks/rooms.py [--list] [TOOL ...]

Counts modules and named functions under shared/ and servers/, by a profiler hook in every thread, at the second of two
calls (the first loads what is loaded at first use). Drone is the simulator's scenario `demo`, which is not counted.
With --list the functions are listed by module.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
from collections import defaultdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp import Client

from ci_mcp_simulator.clock import ManualClock
from drone_mcp_simulator.app import serving
from drone_mcp_simulator.scenario import load

if TYPE_CHECKING:
    from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = tuple(
    f"{path.parent}/" for folder in ("shared", "servers") for path in sorted((ROOT / folder).glob("*/__init__.py"))
    if not path.parent.name.endswith("_simulator")
)  # fmt: skip
REPO = {"repo": "octo/hello"}
FAILED = {**REPO, "number": 4}
# The package and the arguments of each tool.
TOOLS: dict[str, tuple[str, dict[str, Any]]] = {
    "drone_list_builds": ("drone_mcp_builds", REPO),
    "drone_get_build": ("drone_mcp_builds", FAILED),
    "drone_find_builds": ("drone_mcp_builds", {**REPO, "status": "failed"}),
    "drone_diagnose_build": ("drone_mcp_logs", FAILED),
    "drone_get_build_logs": ("drone_mcp_logs", FAILED),
    "drone_search_build_logs": ("drone_mcp_logs", {**FAILED, "pattern": "error"}),
    "drone_evaluate_build": ("drone_mcp_policy", FAILED),
}


class Profiler:
    """Notes each function of ours that is entered while it is `on`, by its module."""

    def __init__(self) -> None:
        self.on = False
        self.entered: dict[str, set[str]] = defaultdict(set)

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> None:
        """Take an event of the interpreter."""
        code = frame.f_code
        if self.on and event == "call" and not code.co_name.startswith("<") and code.co_filename.startswith(PACKAGES):
            self.entered[code.co_filename].add(code.co_qualname)


async def follow(tool: str, profiler: Profiler) -> None:
    """Call a tool twice, the second time under the profiler."""
    world = load("demo", ManualClock())
    async with serving(world) as address:
        token = next(user.token for user in world.users.values() if user.admin)
        package, arguments = TOOLS[tool]
        module = import_module(f"{package}.server")
        settings = module.SPEC.settings.from_environment({"DRONE_SERVER": address, "DRONE_TOKEN": token})
        async with Client(module.create(settings)) as client:
            for profiler.on in (False, True):
                result = await client.call_tool(tool, arguments)
                if result.is_error:
                    raise SystemExit(f"{tool} failed: {result.content}")
            profiler.on = False


def main() -> None:
    """Print the figures of each tool."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tools", nargs="*", metavar="TOOL", default=list(TOOLS), help=f"of {', '.join(TOOLS)}")
    parser.add_argument("--list", action="store_true", help="list the functions by module")
    given = parser.parse_args()
    for tool in given.tools:
        profiler = Profiler()
        threading.setprofile(profiler)  # for the threads of a pool, which the first call starts
        sys.setprofile(profiler)
        asyncio.run(follow(tool, profiler))
        entered = profiler.entered
        print(f"{tool}: {len(entered)} modules, {sum(map(len, entered.values()))} functions")
        for package in dict.fromkeys(Path(file).relative_to(ROOT).parts[1] for file in sorted(entered)):
            inside = [names for file, names in entered.items() if f"/{package}/" in file]
            print(f"  {package}: {len(inside)} modules, {sum(map(len, inside))} functions")
        if given.list:
            for file, names in sorted(entered.items()):
                print(f"  {Path(file).relative_to(ROOT)}: {len(names)}: {', '.join(sorted(names))}")


if __name__ == "__main__":
    main()
