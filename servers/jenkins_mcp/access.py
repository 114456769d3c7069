"""Gives the tools access to each Jenkins that is configured: one client for each, made on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_http.call import quote_input
from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.outgoing_text import Cleaner
from ci_mcp_kit.redact import Redactor
from jenkins_mcp.client.service_descriptor import JENKINS
from jenkins_mcp.scope import JobScope

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jenkins_mcp.client.client import JenkinsClient
    from jenkins_mcp.settings import JenkinsInstance, JenkinsSettings


class JenkinsAccess:
    """Read access of one process to its Jenkins, within the scope of its role."""

    def __init__(self, settings: JenkinsSettings) -> None:
        self.clean = Cleaner(Redactor(settings.secrets))
        self._instances = {instance.name: instance for instance in settings.instances}
        self._scopes = {instance.name: JobScope(instance.jobs) for instance in settings.instances}
        self._clients: dict[str, JenkinsClient] = {}
        self.at_close: list[Callable[[], Awaitable[None]]] = []
        """Functions to call at the end, in this order, before the clients are closed."""

    async def client(self, jenkins: str | None) -> JenkinsClient:
        """Return the client of the Jenkins of this name; None where there is only one, and tools take no name.

        Raises:
            InvalidInput: there is none of this name, or several and no name.
        """
        instance = self.choose(jenkins)
        if instance.name not in self._clients:
            from jenkins_mcp.client.client import JenkinsClient  # noqa: PLC0415 - on first use, to start fast

            scope = self._scopes[instance.name]
            self._clients[instance.name] = JenkinsClient(instance.client_options(), scope.check)
        return self._clients[instance.name]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all Jenkins."""
        return tuple(self._instances)

    def scope(self, jenkins: str | None) -> JobScope:
        """Return which jobs of a Jenkins may be seen, for answers that concern several jobs."""
        return self._scopes[self.choose(jenkins).name]

    def choose(self, jenkins: str | None) -> JenkinsInstance:
        """Return the Jenkins of this name; None where there is only one, and tools take no name.

        Raises:
            InvalidInput: there is none of this name, or several and no name.
        """
        if jenkins in self._instances:
            return self._instances[jenkins]
        if jenkins is None and len(self._instances) == 1:
            return next(iter(self._instances.values()))
        said = "Several Jenkins are configured" if jenkins is None else f"No Jenkins is called {quote_input(jenkins)}"
        raise InvalidInput(
            said,
            next_step=f"Call again with jenkins as one of {', '.join(self._instances)}",
            service=JENKINS,
        )

    async def notice(self) -> str:
        """Return no notice: Jenkins itself refuses a token that it does not know."""
        return ""

    async def close(self) -> None:
        """Do what `at_close` names, then close the clients. The next `client` makes a new one."""
        for end in self.at_close:
            await end()
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()
