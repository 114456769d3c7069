"""Gives the tools access to Coder and, where it is set, to Drone: clients that read, and one for the guard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from ci_mcp_http.call import quote_input
from ci_mcp_http.read_access import ReadAccess
from ci_mcp_kit import logs, observing
from ci_mcp_kit.bounded_memory import Memory
from ci_mcp_kit.errors import InvalidInput, PermissionDenied
from coder_client.errors import CODER, CODER_WRITES
from drone_mcp_build.scope import RepoScope
from fleet_mcp.rules.contract import Assignment, read_assignment, read_assignment_of_parameters

if TYPE_CHECKING:
    from pathlib import Path

    from ci_mcp_http.call import Call, Gate
    from ci_mcp_http.options import ClientOptions
    from ci_mcp_http.transport import Transport
    from ci_mcp_kit.variables import Secret
    from coder_client.models import Parameter, Preset, Workspace
    from drone_mcp_client.client import DroneClient
    from fleet_mcp.settings import FleetSettings

ME: Final = "me"
EVERYBODY: Final = "*"
MOST_VERSIONS: Final = 50  # of templates, whose parameters are kept
MOST_AGENTS: Final = 1_000  # of which something is kept
# A POST each, because its inputs are long; nothing changes (coder/coder v2.36.0, coderd/parameters.go, authorize.go).
QUESTIONS: Final = frozenset({"templates.evaluate", "rights.check"})


class FleetAccess(ReadAccess["Transport"]):
    """Read access of one process to Coder, and to Drone for the builds of the same projects.

    Attributes:
        scope: the projects whose agents may be seen.
    """

    writer = "drone-fleet"

    def __init__(self, settings: FleetSettings) -> None:
        super().__init__(settings)
        self.settings = settings
        self.scope = RepoScope(settings.repos)
        self._drone: DroneClient | None = None
        self._user_ids: Memory[str, str] = Memory(MOST_AGENTS)
        self._parameters: Memory[str, tuple[Parameter, ...]] = Memory(MOST_VERSIONS)
        self._presets: Memory[str, tuple[Preset, ...]] = Memory(MOST_VERSIONS)
        self._names: Memory[str, str] = Memory(MOST_AGENTS)
        self._assignments: Memory[str, Assignment] = Memory(MOST_AGENTS)
        self._of_builds: Memory[str, Assignment] = Memory(MOST_AGENTS)

    @override
    def connect(self) -> Transport:
        settings = self.settings
        return connect(coder_options(settings, settings.token, settings.token_file, settings.retries), self.gate)

    @override
    def gate(self, call: Call[Any]) -> None:
        self.scope.gate(call)
        if call.operation not in QUESTIONS or call.writes:
            super().gate(call)

    def drone(self) -> DroneClient | None:
        """Return the client of Drone, None where no Drone is set."""
        settings = self.settings
        if self._drone is None and settings.drone_server:
            from drone_mcp_client.client import DroneClient  # noqa: PLC0415 - on first use, to start fast
            from drone_mcp_client.options import DroneOptions  # noqa: PLC0415 - likewise

            options = DroneOptions(
                **{**settings.connection(), "server": settings.drone_server},
                token=settings.drone_token.reveal() if settings.drone_token else None,
                token_file=settings.drone_token_file,
                retries=settings.retries,
            )
            self._drone = DroneClient(options, gate=self.gate, watch=observing.request)
        return self._drone

    def split_name(self, agent: str) -> tuple[str, str]:
        """Return owner and name of an agent that is written as "name" or "owner/name".

        Raises:
            InvalidInput: it is neither, or the owner has to be named.
            PermissionDenied: the agents of that owner are not this fleet's.
        """
        from coder_client.calls import check_name  # noqa: PLC0415 - on first use, to start fast

        owner, slash, name = agent.rpartition("/")
        owners = self.settings.owners
        if not slash:
            if len(owners) > 1:
                raise InvalidInput(
                    f"{quote_input(agent)} names no owner, and this fleet has several",
                    next_step=f"Write it as owner/name, with an owner of {', '.join(owners)}",
                    service=CODER,
                )
            owner = ME if owners[0] == EVERYBODY else owners[0]
        elif EVERYBODY not in owners and owner not in owners:
            raise self._refuse_owner(owner)
        return owner, check_name(name)

    def _refuse_owner(self, owner: str) -> PermissionDenied:
        return PermissionDenied(
            f"The agents of {quote_input(owner)} are not of this fleet, which has those of "
            f"{', '.join(self.settings.owners)}",
            next_step="Name an agent that fleet_list_agents shows, as it shows it",
            details={"rule": "owners"},
            service=CODER,
        )

    async def find(self, agent: str, *, include_deleted: bool = False) -> tuple[Workspace, Assignment]:
        """Return the workspace of an agent, and what the agent is for.

        Costs one request, and one more where the latest build shows nothing, as one that failed early.

        Raises:
            NotFound: there is none.
            PermissionDenied: its project or its template is outside of this fleet.
        """
        from coder_client import calls  # noqa: PLC0415 - on first use, to start fast

        named, slash, short = agent.rpartition("/")
        # Answers name the owner. Where that is the token's user, only Coder knows whether it is the one that is named.
        is_mine = bool(slash) and self.settings.owners == (ME,)
        owner, name = self.split_name(short if is_mine else agent)
        coder = await self.client()
        workspace = await coder.send(calls.get_workspace(owner, name, include_deleted=include_deleted))
        if is_mine and named not in {ME, workspace.owner_name}:
            raise self._refuse_owner(named)
        return workspace, await self.read_assignment(workspace)

    async def find_by_id(self, workspace: str) -> tuple[Workspace, Assignment]:
        """Return an agent that was read before as it is now, also if it was deleted and its name is another's."""
        from coder_client import calls  # noqa: PLC0415 - on first use, to start fast

        coder = await self.client()
        found = await coder.send(calls.get_workspace_by_id(workspace, include_deleted=True))
        return found, await self.read_assignment(found)

    async def read_assignment(self, workspace: Workspace) -> Assignment:
        """Return what an agent is for; check that it may be seen.

        Raises:
            PermissionDenied: its project or its template is outside of this fleet.
        """
        settings, build = self.settings, workspace.latest_build
        if settings.templates and workspace.template_name not in settings.templates:
            raise PermissionDenied(
                f"{workspace.name} is made from a template that is not of this fleet",
                next_step="Name an agent that fleet_list_agents shows",
                details={"rule": "templates"},
                service=CODER,
            )
        known = self.recall_assignment(workspace)
        if not known.is_known or not build.resources:
            known = await self._read_parameters(build.id, workspace.template_name)
            self._assignments[workspace.id] = Assignment(role=known.role, project=known.project)
        logs.add_facts(repo=known.project)
        self.scope.check(known.project)
        self.remember(workspace)
        return known

    async def _read_parameters(self, build: str, template: str) -> Assignment:
        """Return what the parameters of a build say, which are read once: those of a build never change."""
        from coder_client import calls  # noqa: PLC0415 - on first use, to start fast

        if build not in self._of_builds:
            found = await (await self.client()).send(calls.list_build_parameters(build))
            values = {one.name: one.value for one in found}
            self._of_builds[build] = read_assignment_of_parameters(self.settings.contract, values, template)
        return self._of_builds[build]

    def recall_assignment(self, workspace: Workspace) -> Assignment:
        """Return what an agent is for, as its build shows it.

        A build that is under way or failed early shows nothing. Role and project never change, so those that an earlier
        answer has shown are still right.
        """
        shown = read_assignment(self.settings.contract, workspace.latest_build, workspace.template_name)
        if not shown.is_known:
            return self._assignments.get(workspace.id, shown)
        self._assignments[workspace.id] = Assignment(role=shown.role, project=shown.project)
        return shown

    def knows(self, agent: str, workspace: str) -> bool:
        """Return whether this process has read an agent of this name and id, and so may go on reading it."""
        return self._names.get(workspace) == agent

    def remember(self, workspace: Workspace) -> None:
        """Remember the name of an agent that this role may see, and the id of its owner."""
        self._names[workspace.id] = f"{workspace.owner_name}/{workspace.name}"
        self._user_ids[ME if self.settings.owners == (ME,) else workspace.owner_name] = workspace.owner_id

    def recall(self, agent: str) -> tuple[str, str] | None:
        """Return "owner/name" and id of the newest agent of a name that this process has read, None for none.

        The name may be another agent's by now. A name without an owner is known where the fleet has a single one.
        """
        owners = self.settings.owners
        if "/" not in agent and owners != (ME,):  # which is the owner of all agents that were read
            if len(owners) > 1 or owners[0] == EVERYBODY:
                return None
            agent = f"{owners[0]}/{agent}"
        newest_first = reversed(self._names.items())
        return next(((name, key) for key, name in newest_first if f"/{name}".endswith(f"/{agent}")), None)

    def knows_user(self, name: str) -> bool:
        """Return whether the id of a user can be told without a request."""
        return name in self._user_ids

    async def user_id(self, name: str = ME) -> str:
        """Return the id of a user, by default the token's own: it never changes, and agents that were read show it."""
        from coder_client import calls  # noqa: PLC0415 - on first use, to start fast

        if name not in self._user_ids:
            self._user_ids[name] = (await (await self.client()).send(calls.get_user(name))).id
        return self._user_ids[name]

    def knows_version(self, version: str) -> bool:
        """Return whether the parameters of a version of a template can be told without a request."""
        return version in self._parameters

    async def parameters(self, version: str) -> tuple[Parameter, ...]:
        """Return the parameters of a version of a template, which is read once: a version never changes."""
        from coder_client import calls  # noqa: PLC0415 - on first use, to start fast

        if version not in self._parameters:
            found = await (await self.client()).send(calls.list_parameters(version))
            self._parameters[version] = found
        return self._parameters[version]

    async def presets(self, version: str) -> tuple[Preset, ...]:
        """Return the presets of a version of a template, which is read once, too."""
        from coder_client import calls  # noqa: PLC0415 - on first use, to start fast

        if version not in self._presets:
            found = await (await self.client()).send(calls.list_presets(version))
            self._presets[version] = found
        return self._presets[version]

    @override
    async def close(self) -> None:
        drone, self._drone = self._drone, None
        if drone is not None:
            await drone.aclose()
        await super().close()


def coder_options(
    settings: FleetSettings, token: Secret | None, token_file: Path | None, retries: int, *, writes: bool = False
) -> ClientOptions:
    """Return how to reach Coder as the user of a token."""
    from ci_mcp_http.options import ClientOptions  # noqa: PLC0415 - on first use, to start fast

    return ClientOptions(
        service=CODER_WRITES if writes else CODER,
        token=token.reveal() if token else None,
        token_file=token_file,
        token_header=lambda text: ("Coder-Session-Token", text),
        retries=retries,
        # Coder looks for a token in cookies first, and its app proxy sets some (coderd/httpmw/apikey.go).
        keeps_cookies=False,
        **settings.connection(),
    )


def connect(options: ClientOptions, gate: Gate) -> Transport:
    """Return a client that shows every call to the gate."""
    from ci_mcp_http.transport import Transport  # noqa: PLC0415 - on first use, to start fast

    return Transport(options, gate=gate, watch=observing.request)


def connect_writer(access: FleetAccess, gate: Gate) -> Transport:
    """Return the client that may change the fleet: every call passes the scope and the guard, and is sent once."""
    settings = access.settings
    guarded = settings.guard

    def check(call: Call[Any]) -> None:
        access.scope.gate(call)
        gate(call)

    # retries=0: a change that got no answer may have been carried out, and is never sent again by itself.
    options = coder_options(settings, guarded.write_token, guarded.write_token_file, 0, writes=True)
    return connect(options, check)
