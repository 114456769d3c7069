"""Parts that the exports of jobs, builds and the queue share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jenkins_mcp_simulator.records import Job
    from jenkins_mcp_simulator.world import World


def constants(**values: Any) -> Mapping[str, Any]:
    """Return fields whose values are known already."""
    return {name: lambda value=value: value for name, value in values.items()}


def millis(seconds: float | None) -> int:
    """Return milliseconds."""
    return round((seconds or 0) * 1000)


def job_url(world: World, job: Job) -> str:
    """Return the address of a job's page, made from the configured root address."""
    parts = job.full_name.split("/") if job.full_name else []
    return world.root_url + "".join(f"job/{quote(part)}/" for part in parts)


def full_display_name(job: Job) -> str:
    """Return the name of a job after those of its folders, as pages show it."""
    return " » ".join(job.full_name.split("/"))
