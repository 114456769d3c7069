"""A diagnosis as data: the failures of a build, each with the evidence in its log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drone_mcp_build.failed_steps import FailedStep, Part
from drone_mcp_diagnosis.target_branch import NOT_LOOKED, OnTarget
from drone_mcp_diagnosis.verdicts import NOTHING, Verdict

if TYPE_CHECKING:
    from ci_mcp_logs.distill import Excerpt, Study
    from ci_mcp_logs.log_text import LogText
    from drone_mcp_client.models import Build

_ROLES = {
    Part.FIRST: "failed first",
    Part.AFTER: "failed after it, maybe because of it",
    Part.BESIDE: "failed in parallel to it",
    Part.STOPPED: "ran when the build was stopped",
    Part.IGNORED: "failed, but failures of it are ignored",
}
_SERVICE = "a service or detached step next to it, which Drone calls success whatever it exited with"


@dataclass(frozen=True, slots=True)
class Case:
    """A failure and the evidence in its log; `note` says why there is no log, or how it was read.

    Attributes:
        study: the log as it was read, compared with the last good run of the same step where there is one.
        places: in source files, the most telling first.
        is_service: it did not fail, but ran in the background of a step that could not connect.
    """

    failed: FailedStep
    verdict: Verdict
    text: LogText | None = None
    study: Study | None = None
    found: Excerpt | None = None
    places: tuple[str, ...] = ()
    note: str = ""
    is_service: bool = False

    @property
    def counts(self) -> bool:
        """Whether the build failed by it: it is no service, and its failure is not ignored."""
        return not self.is_service and self.failed.part is not Part.IGNORED

    @property
    def role(self) -> str:
        """The part that it has in the failure of the build, as a clause."""
        return _SERVICE if self.is_service else _ROLES[self.failed.part]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The content of the answer.

    Attributes:
        cases: the failures in causal order, each before the services that it could not connect to.
        not_read: further failures.
        not_run: what did not run because of them.
        on_target: whether the branch that the change goes to had the same failure before.
        note: how the build was chosen, where the caller did not.
    """

    repo: str
    build: Build
    nonce: str
    verdict: Verdict = NOTHING
    cases: tuple[Case, ...] = ()
    not_read: tuple[str, ...] = ()
    not_run: tuple[str, ...] = ()
    on_target: OnTarget = NOT_LOOKED
    signature: str = ""
    note: str = ""
