"""The shapes of answers."""

from __future__ import annotations

from pydantic import Field

from ci_mcp_kit.answer import View


class DeploymentItem(View):
    """A deployment: `number` is its own build's, `source` that of the build which it deployed."""

    target: str
    number: int
    source: int | None = None
    event: str
    status: str
    commit: str = ""
    branch: str = ""
    title: str = ""
    by: str = ""
    at: str | None = None


class TargetItem(DeploymentItem):
    """The newest deployment of a target.

    `runs` is the last one that succeeded, where the newest did not; `newer` is a green build of the same branch after
    the deployed one.
    """

    runs: int | None = None
    newer: int | None = None


class TargetList(View):
    """The targets of a repository; `note` says what the answer cannot know."""

    repo: str
    targets: tuple[TargetItem, ...] = ()
    note: str = ""
    next_step: str = ""


class DeploymentView(DeploymentItem):
    """One deployment in full; `stages` maps names to statuses, `params` shows no value that may be a secret."""

    repo: str
    params: tuple[str, ...] = ()
    stages: dict[str, str] = Field(default_factory=dict)
    error: str = ""
    next_step: str = ""


class DeployHistory(View):
    """The deployments of a target, newest first, among the newest `looked_through` builds."""

    repo: str
    target: str
    deployments: tuple[DeploymentItem, ...] = ()
    looked_through: int
    note: str = ""


class PreviewItem(View):
    """The preview of a branch. `deployment` is the newest to its target; it stops by itself at `ends`.

    `state` is opening, open, stopping, stopped, stop failed, or open with the status of a deployment that failed.
    """

    target: str
    branch: str
    state: str
    deployment: int
    source: int | None = None
    commit: str = ""
    title: str = ""
    by: str = ""
    at: str | None = None
    ends: str | None = None


class PreviewList(View):
    """The open previews of a repository, of which there may be `limit`."""

    repo: str
    limit: int
    previews: tuple[PreviewItem, ...] = ()
    next_step: str = ""


class PreviewView(PreviewItem):
    """One preview in full; `newer` is a green build of its branch after the deployed one."""

    repo: str
    newer: int | None = None
    params: tuple[str, ...] = ()
    stages: dict[str, str] = Field(default_factory=dict)
    next_step: str = ""
