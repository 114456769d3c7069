"""Runs an agent: the set-up, a check of its servers, the command itself, and the push of its work."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from drone_mcp_config.agents.client_launch import command_with, environment_with, has_place, is_client
from drone_mcp_config.agents.delivery import Delivery, check_delivery, deliver
from drone_mcp_config.agents.foreground import code_of
from drone_mcp_config.agents.git import Git
from drone_mcp_config.agents.given_secrets import given_secrets
from drone_mcp_config.agents.private_folder import private_file
from drone_mcp_config.clients.text_editing import new_text
from drone_mcp_config.drone import service as drone
from drone_mcp_config.drone.check import check_drone, check_state
from drone_mcp_config.errors import NotPushed, NotStarted, UserError
from drone_mcp_config.plan.making import expected_tools
from drone_mcp_config.plan.model import StdioServer
from drone_mcp_config.plan.token_variables import secret_variables, service_sources

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from drone_mcp_config.agents.foreground import Foreground
    from drone_mcp_config.agents.prepared_run import PreparedRun
    from drone_mcp_config.checking.check_result import Check
    from drone_mcp_config.installation.reading import Servers


SHELL = ("/bin/sh", "-c")
STDERR = 2


@dataclass(frozen=True)
class AgentRun:
    """One run of an agent.

    Attributes:
        command: the agent's own, without its configuration.
        setup: commands of the role to run before.
        setup_seconds: the time limit for all of them together.
        delivery: where the work is pushed; None: it is not.
        identity: git's variables for the author and the committer.
    """

    prepared: PreparedRun
    command: tuple[str, ...]
    setup: tuple[str, ...]
    setup_seconds: float
    delivery: Delivery | None = None
    identity: Mapping[str, str] | None = None

    def run(self, foreground: Foreground, installed: Servers) -> int:
        """Run the agent; return the exit code of the command, or that of a failed push after it succeeded.

        Raises:
            UserError: the command was not run.
        """
        environment = {**self.prepared.environment, **(self.identity or {})}
        secrets = given_secrets(environment, secret_variables(self.prepared.role, installed))
        git = Git(foreground, environment, tuple(secrets))
        if self.delivery is None:
            return self._run_command(foreground, installed)[0]
        try:
            before = check_delivery(git, self.delivery)
        except UserError:
            if foreground.end_code:  # the same signal ended git, whose failure means nothing
                return foreground.end_code
            raise
        code, started = self._run_command(foreground, installed)
        if not started:
            return code
        # Also after a failure or a signal: what an agent has done so far would be lost with its container.
        try:
            with foreground.finishing():
                report(deliver(git, self.delivery, before, secrets))
        except NotPushed as error:
            report(str(error))
            return code or error.exit_code  # that of the agent, where it failed
        return code

    def _run_command(self, foreground: Foreground, installed: Servers) -> tuple[int, bool]:
        prepared, launch = self.prepared, self.prepared.launch
        made = prepared.made
        text = new_text(made.client, made.entries, launch.settings(made.entries))
        with private_file(launch.file, text) as (folder, config):
            self._run_setup(foreground)
            if not foreground.end_code:
                self._check_servers(foreground, installed)
            if foreground.end_code:
                return foreground.end_code, False
            environment = {**prepared.environment, **environment_with(launch, config, folder)}
            return self._start(foreground, command_with(launch, self.command, config), environment)

    def _run_setup(self, foreground: Foreground) -> None:
        """Run the set-up with its output on standard error: it is no part of the agent's answer."""
        end = time.monotonic() + self.setup_seconds
        for number, command in enumerate(self.setup, start=1):
            left = max(0.0, end - time.monotonic())
            try:
                code = foreground.run([*SHELL, command], self.prepared.environment, aside=(STDERR, STDERR), limit=left)
            except OSError as error:
                raise NotStarted(f"The agent was not started: set-up needs {SHELL[0]} ({error.strerror}).") from error
            if foreground.end_code:
                return
            if code:
                which = f"command {number} of {len(self.setup)}" if len(self.setup) > 1 else "command"
                raise NotStarted(
                    f"The agent was not started: the set-up takes longer than {self.setup_seconds:g} s (at {which}, "
                    f"{command!r}). Let it do less, or raise --setup-seconds."
                    if time.monotonic() >= end
                    else f"The agent was not started: the set-up {which} ({command!r}) ended with {code}."
                )

    def _check_servers(self, foreground: Foreground, installed: Servers) -> None:
        """Check that Drone knows the tokens and that every server starts: an agent without tools costs money, too.

        In a forked process, so that the SDK is gone while the agent runs.
        """
        prepared = self.prepared

        def check() -> int:
            from drone_mcp_config.checking.check_result import cleaner_for  # noqa: PLC0415 - brings the rules of redaction
            from drone_mcp_config.checking.servers import check_servers, report_failures  # noqa: PLC0415 - brings the SDK

            tools = expected_tools(prepared.role, installed)
            started = check_servers(prepared.made.plan, tools, prepared.environment)
            clean = cleaner_for(prepared.environment)
            services = _check_services(prepared, installed)
            return report_failures(services, report, clean) or report_failures(started, report, clean)

        if foreground.call(check) and not foreground.end_code:
            raise NotStarted("The agent was not started: some of its tools would not work.")

    def _start(self, foreground: Foreground, command: list[str], environment: dict[str, str]) -> tuple[int, bool]:
        launch = self.prepared.launch
        if launch.flags and not has_place(self.command) and not is_client(launch, self.command):
            report(f"{command[0]} is not {launch.program}: it finds its configuration by DRONE_MCP_CONFIG alone.")
        try:
            return foreground.run(command, environment), True
        except OSError as error:
            report(f"{command[0]!r} cannot be run: {error.strerror}.")
            return code_of(error), False


def report(text: str) -> None:
    """Write a line to standard error, apart from the agent's output."""
    try:
        typer.echo(f"drone-mcp-config: {text}", err=True)
    except OSError:
        # The reader is gone, like a terminal after SIGHUP. Python would end with 120 for what it cannot write at
        # the end; the exit code has to be the agent's (Python documentation, "signal", note on SIGPIPE).
        os.dup2(os.open(os.devnull, os.O_WRONLY), STDERR)


async def _check_services(prepared: PreparedRun, installed: Servers) -> AsyncIterator[Check]:
    """Yield `doctor`'s checks of Drone and of the store; none for a served role, which asks from elsewhere."""
    role = prepared.role
    starts = any(isinstance(server, StdioServer) and server.ours for server in prepared.made.plan.servers)
    tokens = service_sources(role, installed, drone.NAME)
    if not starts or not tokens:
        return
    seen = prepared.environment | ({drone.SCOPE: ",".join(role.repos)} if role.repos else {})
    async for check in check_drone(seen, tokens):
        yield check
    async for check in check_state(seen):
        yield check
