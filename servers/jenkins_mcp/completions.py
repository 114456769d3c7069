"""Completions for resources and prompts: jobs, builds, parameters with their values, and Jenkins by their names."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from ci_mcp_kit.completing import MOST_VALUES, FreshLists, complete
from ci_mcp_kit.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcp.types import Completion

    from jenkins_mcp.access import JenkinsAccess
    from jenkins_mcp.client.models.jobs import ParameterDefinition

SEPARATOR: Final = ", "


class Completer:
    """Answers `completion/complete`; an error of Jenkins gives an empty completion. `clock` is monotonic."""

    def __init__(self, access: JenkinsAccess, clock: Callable[[], float] = time.monotonic) -> None:
        self._access = access
        self._lists = FreshLists(clock)

    async def __call__(self, ref: Any, argument: Any, context: Any) -> Completion | None:  # noqa: ARG002 - alike for all
        """Return the values that the argument may have, given the arguments filled in before."""
        known = dict(context.arguments or {}) if context else {}
        try:
            values = await self._values(argument.name, argument.value, known)
        # A client asks while a person types; an error would interrupt them, and the call that follows shows it anyway.
        except ServiceError:
            values = ()
        return complete(values, argument.value)

    async def _values(self, name: str, typed: str, known: dict[str, str]) -> tuple[str, ...]:
        job, jenkins = known.get("job", ""), known.get("jenkins") or None
        if name == "jenkins":
            return self._access.names
        if name == "job":
            return await self._jobs(typed.rpartition("/")[0], jenkins)
        if job and name in {"number", "build"}:
            return await self._builds(job, jenkins)
        if job and name == "parameters":
            found = (await (await self._access.client(jenkins)).job(job)).parameters()
            return complete_parameters(found, typed)
        return ()

    async def _jobs(self, folder: str, jenkins: str | None) -> tuple[str, ...]:
        """Return the full names of the entries of a folder; those of folders end with a slash."""
        from jenkins_mcp.client.calls import list_jobs  # noqa: PLC0415 - on first use, to start fast
        from jenkins_mcp.client.names import parse_folder  # noqa: PLC0415 - likewise

        client, scope = await self._access.client(jenkins), self._access.scope(jenkins)

        async def read() -> tuple[str, ...]:
            jobs = (await client.send(list_jobs(parse_folder(folder), 0, MOST_VALUES))).jobs or ()
            seen = (job for job in jobs if scope.shows(job.full_name, is_container=job.is_container))
            return tuple(job.full_name + "/" * job.is_container for job in seen)

        return await self._lists.get(f"{jenkins}/{folder}", read)

    async def _builds(self, job: str, jenkins: str | None) -> tuple[str, ...]:
        """Return the numbers of the newest builds of a job, and the names for some of them."""
        from jenkins_mcp.client import calls  # noqa: PLC0415 - on first use, to start fast
        from jenkins_mcp.client.names import PERMALINKS, job_of  # noqa: PLC0415 - likewise

        client = await self._access.client(jenkins)
        name = job_of((await client.job(job)).full_name)

        async def read() -> tuple[str, ...]:
            builds = (await client.send(calls.list_builds(name, 0, MOST_VALUES - len(PERMALINKS)))).all_builds
            return (*(str(build.number) for build in builds), *PERMALINKS)

        return await self._lists.get(f"{jenkins}/{name}#", read)


def complete_parameters(definitions: tuple[ParameterDefinition, ...], typed: str) -> tuple[str, ...]:
    """Return how a list like `VERSION=1.4, ENV` may go on: names that it lacks, or the values of the last one."""
    before, separator, last = typed.rpartition(SEPARATOR)
    before += separator
    given = {item.partition("=")[0].strip() for item in before.split(SEPARATOR)}
    name, has_value, _ = last.partition("=")
    if not has_value:
        return tuple(f"{before}{one.name}=" for one in definitions if one.name not in given)
    chosen = next((one for one in definitions if one.name == name), None)
    if chosen is None:
        return ()
    default = chosen.default_parameter_value
    values = chosen.choices or ((str(default.value),) if default and default.value else ())
    if chosen.type.startswith("Boolean"):
        values = ("true", "false")
    return tuple(f"{before}{name}={value}" for value in values)
