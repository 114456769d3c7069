"""How many modules and functions of ours one call of a tool enters: what a reader has to walk through to follow it.

    python benchmarks/rooms.py [--list] [--check] [TOOL ...]

Counts modules and named functions under shared/ and servers/, by a profiler hook in every thread, at the second of two
calls (the first loads what is loaded at first use). The services are simulators, which are not counted. With --list the
functions are listed by module. With --check the status is 1 where a call enters more than its limit.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
from collections import defaultdict
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mcp import Client

import coder_simulator.app
import coder_simulator.scenario
import drone_mcp_simulator.app
import drone_mcp_simulator.scenario_loading
import jenkins_mcp_simulator.app
import jenkins_mcp_simulator.scenario
from ci_mcp_simulator.clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = tuple(
    f"{path.parent}/" for folder in ("shared", "servers") for path in sorted((ROOT / folder).glob("*/__init__.py"))
    if not path.parent.name.endswith("_simulator")
)  # fmt: skip
REPO = {"repo": "octo/hello"}
FAILED = {**REPO, "number": 4}


class Tool(NamedTuple):
    """A tool, and how many rooms its call may enter.

    The limits are what was measured and a few more, as a count depends on what the process knows from calls before.
    Raise one for a step that is new, not for a step that is cut into more pieces.
    """

    package: str
    arguments: dict[str, Any]
    modules: int
    functions: int


TOOLS = {
    "drone_list_builds": Tool("drone_mcp_builds", REPO, 46, 133),
    "drone_get_build": Tool("drone_mcp_builds", FAILED, 54, 171),
    "drone_find_builds": Tool("drone_mcp_builds", {**REPO, "status": "failed"}, 46, 135),
    "drone_diagnose_build": Tool("drone_mcp_logs", FAILED, 78, 356),
    "drone_get_build_logs": Tool("drone_mcp_logs", FAILED, 61, 195),
    "drone_search_build_logs": Tool("drone_mcp_logs", {**FAILED, "pattern": "error"}, 61, 192),
    "drone_evaluate_build": Tool("drone_mcp_policy", FAILED, 49, 149),
    "drone_list_issues": Tool("forge_issues", REPO, 45, 111),
    "drone_read_file": Tool("forge_code", {**REPO, "path": "README.md"}, 42, 107),
    "jenkins_get_build": Tool("jenkins_mcp", {"job": "team/app/main"}, 39, 116),
    "jenkins_diagnose_build": Tool("jenkins_mcp", {"job": "team/app/feature%2Fnew price"}, 70, 295),
    "fleet_list_agents": Tool("fleet_mcp", {}, 44, 113),
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


@asynccontextmanager
async def environment_of(package: str) -> AsyncGenerator[dict[str, str]]:
    """Serve the simulator that a server asks during the block; yield the server's environment."""
    if package == "jenkins_mcp":
        jenkins = jenkins_mcp_simulator.scenario.load("demo", ManualClock())
        async with jenkins_mcp_simulator.app.serving(jenkins) as address:
            token = jenkins.users["viewer"].token
            yield {"JENKINS_URL": address, "JENKINS_USERNAME": "viewer", "JENKINS_API_TOKEN": token}
    elif package == "fleet_mcp":
        coder = coder_simulator.scenario.load("demo", ManualClock())
        async with coder_simulator.app.serving(coder) as address:
            yield {"CODER_URL": address, "CODER_SESSION_TOKEN": "demoreads1-fordemonstrationsonly1"}
    else:
        about_forge = package.startswith("forge_")
        drone = drone_mcp_simulator.scenario_loading.load("forge" if about_forge else "demo", ManualClock())
        async with drone_mcp_simulator.app.serving(drone) as address:
            token = next(user.token for user in drone.users.values() if user.admin)
            forge = {"FORGE_SERVER": f"{address}/forge", "FORGE_TOKEN": "forge-token-of-the-bot"} if about_forge else {}
            yield {"DRONE_SERVER": address, "DRONE_TOKEN": token, **forge}


async def follow(name: str, profiler: Profiler) -> None:
    """Call a tool twice, the second time under the profiler."""
    tool = TOOLS[name]
    async with environment_of(tool.package) as environment:
        module = import_module(f"{tool.package}.server")
        async with Client(module.create(module.SPEC.settings.from_environment(environment))) as client:
            for profiler.on in (False, True):
                result = await client.call_tool(name, tool.arguments)
                if result.is_error:
                    raise SystemExit(f"{name} failed: {result.content}")
            profiler.on = False


def main() -> None:
    """Print the figures of each tool."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tools", nargs="*", metavar="TOOL", default=list(TOOLS), help=f"of {', '.join(TOOLS)}")
    parser.add_argument("--list", action="store_true", help="list the functions by module")
    parser.add_argument("--check", action="store_true", help="fail where a call enters more than its limit")
    given = parser.parse_args()
    broken = []
    for name in given.tools:
        profiler = Profiler()
        threading.setprofile(profiler)  # for the threads of a pool, which the first call starts
        sys.setprofile(profiler)
        asyncio.run(follow(name, profiler))
        entered, limit = profiler.entered, TOOLS[name]
        functions = sum(map(len, entered.values()))
        print(f"{name}: {len(entered)} modules, {functions} functions")
        if len(entered) > limit.modules or functions > limit.functions:
            broken.append(f"{name}: more than {limit.modules} modules or {limit.functions} functions")
        for package in dict.fromkeys(Path(file).relative_to(ROOT).parts[1] for file in sorted(entered)):
            inside = [names for file, names in entered.items() if f"/{package}/" in file]
            print(f"  {package}: {len(inside)} modules, {sum(map(len, inside))} functions")
        if given.list:
            for file, names in sorted(entered.items()):
                print(f"  {Path(file).relative_to(ROOT)}: {len(names)}: {', '.join(sorted(names))}")
    if given.check and broken:
        raise SystemExit("\n".join(broken))


if __name__ == "__main__":
    main()
