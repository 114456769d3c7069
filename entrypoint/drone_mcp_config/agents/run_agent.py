"""Runs an agent: the set-up, a check of its servers, the command itself, and the push of its work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from drone_mcp_config.agents.client_launch import command_with, environment_with, has_place, is_client
from drone_mcp_config.agents.delivery import Delivery, check_delivery, deliver
from drone_mcp_config.agents.foreground import code_of
from drone_mcp_config.agents.git import Git
from drone_mcp_config.agents.private_folder import private_file
from drone_mcp_config.clients.text_editing import new_text
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
        command: the agent's own, without its configuration.
        setup: commands of the role to run before.
        delivery: where the work is pushed; None: it is not.
        identity: git's variables for the author and the committer.
    """

    equipment: Equipment
    command: tuple[str, ...]
    setup: tuple[str, ...] = ()
    delivery: Delivery | None = None
    identity: Mapping[str, str] | None = None

    def run(self, foreground: Foreground, installed: Servers) -> int:
        """Run the agent; return the exit code of the command, or that of a failed push after it succeeded.

        Raises:
            UserError: the command was not run.
        """
        git = Git(foreground, {**self.equipment.environment, **(self.identity or {})})
        if self.delivery:
            try:
                check_delivery(git, self.delivery)
            except UserError:
                if foreground.end_code:  # the same signal ended git, whose failure means nothing
                    return foreground.end_code
                raise
        code, started = self._run_command(foreground, installed)
        # Also after a failure or a signal: what an agent has done so far would be lost with its container.
        if self.delivery and started:
            return _deliver(git, self.delivery, code)
        return code

    def _run_command(self, foreground: Foreground, installed: Servers) -> tuple[int, bool]:
        equipment, launch = self.equipment, self.equipment.launch
        made = equipment.made
        text = new_text(made.client, made.entries, launch.settings(made.entries))
        with private_file(launch.file, text) as (folder, config):
            self._run_setup(foreground)
            if not foreground.end_code:
                self._check_servers(foreground, installed)
            if foreground.end_code:
                return foreground.end_code, False
            environment = {**equipment.environment, **environment_with(launch, config, folder)}
            return self._start(foreground, command_with(launch, self.command, config), environment)

    def _run_setup(self, foreground: Foreground) -> None:
        """Run the set-up with its output on standard error: it is no part of the agent's answer."""
        for number, command in enumerate(self.setup, start=1):
            try:
                code = foreground.run([*SHELL, command], self.equipment.environment, aside=(STDERR, STDERR))
            except OSError as error:
                raise NotStarted(f"The agent was not started: set-up needs {SHELL[0]} ({error.strerror}).") from error
            if foreground.end_code:
                return
            if code:
                which = f"command {number} of {len(self.setup)}" if len(self.setup) > 1 else "command"
                raise NotStarted(f"The agent was not started: the set-up {which} ({command!r}) ended with {code}.")

    def _check_servers(self, foreground: Foreground, installed: Servers) -> None:
        """Check that every server starts, in a forked process: the SDK that this loads is gone while the agent runs."""
        equipment = self.equipment

        def check() -> int:
            from drone_mcp_config.checking.servers import report_failures  # noqa: PLC0415 - brings the SDK, slow to load

            tools = tools_by_server(equipment.role, installed)
            return report_failures(equipment.made.plan, tools, equipment.environment, report)

        if foreground.call(check) and not foreground.end_code:
            raise NotStarted("The agent was not started: it would be without some of its tools.")

    def _start(self, foreground: Foreground, command: list[str], environment: dict[str, str]) -> tuple[int, bool]:
        launch = self.equipment.launch
        if launch.flags and not has_place(self.command) and not is_client(launch, self.command):
            report(f"{command[0]} is not {launch.program}: it finds its configuration by DRONE_MCP_CONFIG alone.")
        try:
            return foreground.run(command, environment), True
        except OSError as error:
            report(f"{command[0]!r} cannot be run: {error.strerror}.")
            return code_of(error), False


def _deliver(git: Git, delivery: Delivery, code: int) -> int:
    """Push the work; a failure is reported, and is the exit code only where the agent itself succeeded."""
    try:
        report(deliver(git, delivery))
    except NotPushed as error:
        report(str(error))
        return code or error.exit_code
    except OSError as error:
        report(f"The work was not pushed: git cannot be run ({error.strerror}).")
        return code or NotPushed.exit_code
    return code


def report(text: str) -> None:
    """Write a line to standard error, apart from the agent's output."""
    typer.echo(f"drone-mcp-config: {text}", err=True)
