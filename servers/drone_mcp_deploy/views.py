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


class DeployView(View):
    """The outcome of a deployment; `deployment` is the number of its build, `cursor` a place in it to wait from.

    `outcome` is done, nothing_started, nothing_to_do, dry_run or repeated. `added` and `removed` are the commits that
    the target gets and loses.
    """

    repo: str
    target: str
    source: int
    outcome: str
    message: str
    deployment: int | None = None
    status: str = ""
    cursor: str = ""
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    needs_confirmation: bool | None = None
    notes: tuple[str, ...] = ()
    next_step: str = ""
