"""A small server on the kit, for the kit's own tests: in memory through `create`, as a process through `main`."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any, Literal

import anyio
import anyio.to_thread
from mcp.server.mcpserver import Context
from mcp.types import Completion
from pydantic import Field

from ci_mcp_kit.answer import View
from ci_mcp_kit.app import ServerSpec, build_server, run
from ci_mcp_kit.resources_and_prompts import prompt, resource
from ci_mcp_kit.tools import tool
from drone_mcp_build.access import DroneAccess
from drone_mcp_build.settings import Settings
from drone_mcp_client.errors import Conflict, NotFound

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

    from ci_mcp_kit.front.takeover import Handover

SPEC = ServerSpec(
    name="drone-example",
    title="Example",
    description="A server for tests.",
    instructions="Use this to test.",
    package="support.example_server",
    command="drone-mcp-example",
    settings=Settings,
)

Repo = Annotated[str | None, Field(description="owner/name")]
EXPECTED = Conflict("The build changed", details={"repo": "octo/hello", "said": "\x1b[31mred"})
CRASH_TEXT = "a detail that nobody may see"


class Inner(View):
    """A part of the answer."""

    name: str
    note: str = ""


class Echo(View):
    """What came in."""

    repo: str | None = None
    text: str
    numbers: tuple[int, ...] = ()
    inner: Inner | None = None
    truncated: bool = False


class LogText(View):
    """An answer whose text is not its JSON."""

    log: str

    def as_text(self) -> str:
        return self.log


class ExampleTools:
    """One tool for each thing that a tool can do."""

    def __init__(self, access: DroneAccess) -> None:
        self.access = access

    @tool(title="Echo", schema="echo/1")
    async def drone_echo(
        self,
        text: Annotated[str, Field(description="Any text")],
        number: Annotated[int, Field(description="1 to 9", ge=1, le=9)] = 1,
        numbers: Annotated[list[int] | None, Field(description="Numbers")] = None,
        status: Annotated[Literal["success", "failure"] | None, Field(description="Status")] = None,
        title: Annotated[str | None, Field(description="A word that schemas use, too")] = None,
    ) -> Echo:
        """Say it back."""
        inner = Inner(name=title or status or "none") if title or status else None
        return Echo(text=text, numbers=tuple(numbers or [number]), inner=inner)

    @tool(title="Log", schema="log/1", max_chars=100_000)
    async def drone_log(self, text: str) -> LogText:
        """Say it back as text."""
        return LogText(log=text)

    @tool(title="Fail", schema="fail/2", writes=True, destructive=True, idempotent=False)
    async def drone_fail(self, how: str) -> Echo:
        """Fail as reported."""
        if how == "crash":
            raise ValueError(CRASH_TEXT)
        raise EXPECTED

    @tool(title="Repository", schema="repo/1")
    async def drone_repo(self, repo: Repo = None) -> Echo:
        """Say which repository is meant."""
        return Echo(text="", repo=self.access.resolve_repo(repo))

    @tool(title="Wait", schema="wait/1")
    async def drone_wait(self, context: Context[Any, Any], how: str = "async") -> Echo:
        """Wait for ten minutes, after a first sign of progress."""
        await context.report_progress(1, 2)
        if how == "async":
            await anyio.sleep(600)
        await anyio.to_thread.run_sync(time.sleep, 600)
        return Echo(text="done")

    @tool(title="Build", schema="build/1")
    async def drone_status(self, number: int, repo: Repo = None) -> Echo:
        """Ask Drone for a build."""
        slug = self.access.resolve_repo(repo)
        build = await (await self.access.client()).build(slug, number)
        return Echo(repo=slug, text=build.status)

    @tool(title="Restart", schema="restart/1", writes=True, idempotent=False)
    async def drone_restart(self, repo: str, number: int) -> Echo:
        """Ask Drone to run a build again."""
        await (await self.access.client()).restart_build(repo, number)
        return Echo(text="restarted")


class ExampleResources:
    """Resources and a prompt."""

    @resource("drone://example/{owner}/{repo}/build/{number}", name="build", title="Build")
    async def build(self, owner: str, repo: str, number: int) -> Echo:
        """One build."""
        if number == 404:
            raise NotFound(f"No build {number}")
        if number == 500:
            raise ValueError(CRASH_TEXT)
        return Echo(text=f"{owner}/{repo}#{number}\x1b[0m")

    @resource("drone://example/rules", name="rules", title="Rules", mime_type="text/plain")
    async def rules(self) -> str:
        """The rules."""
        return "be\u202e kind"

    @prompt(title="Ask")
    async def ask(self, repo: str) -> str:
        """Ask something."""
        if repo == "crash":
            raise ValueError(CRASH_TEXT)
        if repo == "none":
            raise NotFound("No such repository")
        return f"What about {repo}?\u200b"


class LoudAccess(DroneAccess):
    """Says when it is closed."""

    async def close(self) -> None:
        """Close, and say so where a test can read it."""
        await super().close()
        sys.stderr.write("closed\n")
        sys.stderr.flush()


async def complete(_reference: Any, argument: Any, _context: Any) -> Completion | None:
    """Complete a repository."""
    if argument.value == "crash":
        raise ValueError(CRASH_TEXT)
    if argument.value == "fail":
        raise EXPECTED
    return Completion(values=["octo/hello\u200b"]) if argument.name == "repo" else None


def create(settings: Settings) -> MCPServer[Any]:
    """Return the server."""
    access = LoudAccess(settings)
    return build_server(SPEC, settings, access, ExampleTools(access), ExampleResources(), complete=complete)


def main(handover: Handover | None = None) -> None:
    """Be the console command."""
    run(SPEC, create, handover)


if __name__ == "__main__":
    main()
