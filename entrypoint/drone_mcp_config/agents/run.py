"""An agent's run from beginning to end: set-up, servers, the command itself, and what it leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from drone_mcp_config.agents.delivery import Delivery, deliver, prepare
from drone_mcp_config.agents.foreground import code_of
from drone_mcp_config.agents.git import Git
from drone_mcp_config.agents.launch import command_with, environment_with, has_place, is_client
from drone_mcp_config.agents.private_file import private_file
from drone_mcp_config.clients.documents import new_text
from drone_mcp_config.errors import NotPushed, NotStarted, UserError
from drone_mcp_config.plan.making import tools_by_server

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drone_mcp_config.agents.equipment import Equipment
    from drone_mcp_config.agents.foreground import Foreground
    from drone_mcp_config.installation.reading import Servers

SHELL = ("/bin/sh", "-c")
STDERR = 2


@dataclass(frozen=True)
class AgentRun:
    """One run of an agent.

    Attributes:
        command: the agent's own, not yet told of its configuration.
        setup: commands of the role that are to be run before.
        delivery: where the work goes; None: it stays where it is.
        identity: git's variables that say who commits.
    """

    equipment: Equipment
    command: tuple[str, ...]
    setup: tuple[str, ...] = ()
    delivery: Delivery | None = None
    identity: Mapping[str, str] | None = None

    def to_its_end(self, foreground: Foreground, installed: Servers) -> int:
        """AgentRun it; return the exit code of the command, or that of what went wrong after it succeeded.

        Raises:
            UserError: the command was not run.
        """
        git = Git(foreground, {**self.equipment.environment, **(self.identity or {})})
        if self.delivery:
            try:
                prepare(git, self.delivery)
            except UserError:
                if foreground.told_to_end:  # git ended by the same signal, and found nothing out
                    return foreground.told_to_end
                raise
        code, started = self._run(foreground, installed)
        if self.delivery and started:
            return _deliver(git, self.delivery, code)
        return code

    def _run(self, foreground: Foreground, installed: Servers) -> tuple[int, bool]:
        equipment, launch = self.equipment, self.equipment.launch
        made = equipment.made
        text = new_text(made.client, made.entries, launch.beside(made.entries))
        with private_file(launch.file, text) as (folder, config):
            self._set_up(foreground)
            if not foreground.told_to_end:
                self._check(foreground, installed)
            if foreground.told_to_end:
                return foreground.told_to_end, False
            environment = {**equipment.environment, **environment_with(launch, config, folder)}
            return self._start(foreground, command_with(launch, self.command, config), environment)

    def _set_up(self, foreground: Foreground) -> None:
        """AgentRun the set-up beside the agent's own streams: its output is no part of the agent's answer."""
        for number, command in enumerate(self.setup, start=1):
            try:
                code = foreground.run([*SHELL, command], self.equipment.environment, aside=(STDERR, STDERR))
            except OSError as error:
                raise NotStarted(f"The agent was not started: set-up needs {SHELL[0]} ({error.strerror}).") from error
            if foreground.told_to_end:
                return
            if code:
                which = f"command {number} of {len(self.setup)}" if len(self.setup) > 1 else "command"
                raise NotStarted(f"The agent was not started: the set-up {which} ({command!r}) ended with {code}.")

    def _check(self, foreground: Foreground, installed: Servers) -> None:
        """See that every server starts, in a process of its own: what that loads is not kept while the agent runs."""
        equipment = self.equipment

        def look() -> int:
            from drone_mcp_config.checking.servers import report_broken  # noqa: PLC0415 - brings the SDK, slow to load

            tools = tools_by_server(equipment.role, installed)
            return report_broken(equipment.made.plan, tools, equipment.environment, tell)

        if foreground.call(look) and not foreground.told_to_end:
            raise NotStarted("The agent was not started: it would be without some of its tools.")

    def _start(self, foreground: Foreground, command: list[str], environment: dict[str, str]) -> tuple[int, bool]:
        launch = self.equipment.launch
        if launch.flags and not has_place(self.command) and not is_client(launch, self.command):
            tell(f"{command[0]} is not {launch.program}: it finds its configuration by DRONE_MCP_CONFIG alone.")
        try:
            return foreground.run(command, environment), True
        except OSError as error:
            tell(f"{command[0]!r} cannot be run: {error.strerror}.")
            return code_of(error), False


def _deliver(git: Git, delivery: Delivery, code: int) -> int:
    """Push what is left; a failure is told, and counts only where the agent itself did not fail."""
    try:
        tell(deliver(git, delivery))
    except NotPushed as error:
        tell(str(error))
        return code or error.exit_code
    except OSError as error:
        tell(f"The work was not pushed: git cannot be run ({error.strerror}).")
        return code or NotPushed.exit_code
    return code


def tell(text: str) -> None:
    """Say something beside what the agent says."""
    typer.echo(f"drone-mcp-config: {text}", err=True)
