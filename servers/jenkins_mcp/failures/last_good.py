"""Finds the last good build before one, and the log of the same step in it.

At most six requests: two pages of builds, the build, its stages, the steps of one of them, a log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.errors import ServiceError
from ci_mcp_kit.outgoing_text import one_line
from jenkins_mcp.client import calls
from jenkins_mcp.formatting import write_value
from jenkins_mcp.logs.reader import LogReader
from jenkins_mcp.logs.step_lookup import list_stages, steps_of

if TYPE_CHECKING:
    from ci_mcp_logs.log_text import LogText
    from jenkins_mcp.client.client import JenkinsClient
    from jenkins_mcp.client.models.builds import Build
    from jenkins_mcp.client.models.jobs import BuildLink
    from jenkins_mcp.client.names import JobName
    from jenkins_mcp.failures.failed_steps import FailedStep

PAGE: Final = 100  # builds of one request
MOST_PAGES: Final = 2
BROKEN: Final = frozenset({"FAILURE", "UNSTABLE"})
LOG: Final = 5 * 2**20
"""Bytes that are read of one log: what the distiller was measured with."""
LISTED: Final = 5  # parameters


@dataclass(frozen=True, slots=True)
class LastGood:
    """The last good build before one.

    Attributes:
        text: a sentence about it; "" where nothing was looked for.
        number: of it; 0 where there is none.
        log: of the same step in it, where that could be read.
    """

    text: str = ""
    number: int = 0
    log: LogText | None = None


async def find_last_good(client: JenkinsClient, job: JobName, build: Build, failed: FailedStep | None) -> LastGood:
    """Look for the last good build, and read the log of the step that failed now; an error of Jenkins is named."""
    try:
        good, since, after = await _look_around(client, job, build.number)
        fixed = [f"#{after} after it is good"] if after else []
        if good is None:
            said = f"none among the builds before #{build.number} that Jenkins keeps"
            return LastGood("; ".join([said, *fixed]))
        other = (await client.send(calls.get_build(job, good.number))).value
        log = await _read_log(client, job, good.number, failed) if failed else None
    except ServiceError as error:
        return LastGood(f"could not be looked for: {error.message}")
    broken = [link for link in since if link.result in BROKEN]
    first = f"#{broken[-1].number}, {len(broken) + 1} builds" if broken else f"#{build.number}"
    found = [f"#{good.number}", f"failing since {first}", *_differences(build, other), *fixed]
    return LastGood("; ".join(found), good.number, log)


async def _look_around(
    client: JenkinsClient, job: JobName, number: int
) -> tuple[BuildLink | None, list[BuildLink], int]:
    """Return the last good build before a number, the builds between them, and the next good build; 0 if none."""
    between: list[BuildLink] = []
    after = 0
    for page in range(MOST_PAGES):
        listed = (await client.send(calls.list_builds(job, page * PAGE, PAGE))).all_builds
        for link in listed:
            is_good = link.result == "SUCCESS"
            if link.number > number:
                after = link.number if is_good else after
            elif link.number < number and is_good:
                return link, between, after
            elif link.number < number:
                between.append(link)
        if len(listed) < PAGE:
            break
    return None, between, after


def _differences(build: Build, good: Build) -> list[str]:
    """Name the parameters with other values, whose values may be secret, and the machine."""
    ours, theirs = (
        {name: None if one.value is None else write_value(one.value) for name, one in each.parameters().items()}
        for each in (build, good)
    )
    others = [one_line(name, 60) for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
    more = f" and {len(others) - LISTED} more" if len(others) > LISTED else ""
    found = [f"other values of {', '.join(others[:LISTED])}{more}"] if others else []
    if build.built_on != good.built_on:
        found.append(f"it ran on {one_line(good.built_on, 60) or 'the built-in node'}")
    return found


async def _read_log(client: JenkinsClient, job: JobName, number: int, failed: FailedStep) -> LogText | None:
    """Read the log of the same step: of the stage of that name, what was given the same; else of the whole build."""
    node = ""
    if failed.step and failed.stage:
        stages = [stage for stage in await list_stages(client, job, number) if stage.name == failed.stage.name]
        steps = [ref for ref in await steps_of(client, job, number, stages[:1]) if ref.step]
        same = [
            ref
            for ref in steps
            if ref.step
            and (ref.step.name, ref.step.parameter_description) == (failed.step.name, failed.step.parameter_description)
        ]
        if not same or same[0].status != "SUCCESS":
            return None
        node = same[0].node
    return (await LogReader(client, job, number, node).read_end(LOG)).text
