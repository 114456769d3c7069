"""Describes the kind and the state of a job in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jenkins_mcp.client.models.jobs import Job

_KINDS: Final = {
    "FreeStyleProject": "freestyle",
    "WorkflowJob": "pipeline",
    "Folder": "folder",
    "WorkflowMultiBranchProject": "multibranch",
    "OrganizationFolder": "organization",
    "MatrixProject": "matrix",
    "MavenModuleSet": "maven",
}
# Of hudson/model/BallColor.java; the result of the last build that ended.
_RESULTS: Final = {
    "blue": "SUCCESS",
    "yellow": "UNSTABLE",
    "red": "FAILURE",
    "aborted": "ABORTED",
    "notbuilt": "NOT_BUILT",
}
RUNNING: Final = "_anime"


def kind_of(job: Job) -> str:
    """Return the kind of a job or folder: a plugin's own is named by its class."""
    name = job.java_class.replace("$", ".").rpartition(".")[2]
    return _KINDS.get(name) or name or ("folder" if job.is_container else "job")


def last_result(job: Job) -> str:
    """Return how the last build that ended did so, "" if there is none or the job does not say."""
    return _RESULTS.get(job.color.removesuffix(RUNNING), "")


def is_running(job: Job) -> bool:
    """Return whether a build of it runs."""
    return job.color.endswith(RUNNING)
