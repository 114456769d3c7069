"""Suggests the next step to a reader of a build: a call of a tool, or an action of a person. Pure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from drone_mcp_build.build_wording import clean_name
from drone_mcp_build.failure_class import judge
from drone_mcp_build.refs import history_branch
from drone_mcp_build.stall_detection import Outlook, outlook_of
from drone_mcp_build.stopped_build import judge_stopped_build
from drone_mcp_builds import failure_description
from drone_mcp_client import status

if TYPE_CHECKING:
    from drone_mcp_build.failed_steps import FailedStep
    from drone_mcp_client.models import Build

# Tools of other servers, which a role may lack. As data, as are those of the policy: no server knows another one.
_TOOLS: Final[dict[str, str]] = json.loads(Path(__file__).with_name("next_tools.json").read_text(encoding="utf-8"))


def suggest_next_step(build: Build, now: int, limit: int = 0) -> str:
    """Suggest the next step; "" where none is left. `limit` is the repository's time limit in seconds, 0 if unknown."""
    if status.failed_at_trigger(build):
        return "Correct the pipeline file in the repository and push: this build has no stages and no log"
    if not status.is_final(build.status):
        return _while_unfinished(build, now)
    found = next((failure for failure in failure_description.find_notable_failures(build) if failure.step), None)
    if found:
        return _after_failure(build, found)
    return _afterwards(build, limit)


def _while_unfinished(build: Build, now: int) -> str:
    which = f"number {build.number}"
    outlook = outlook_of(build, now)
    if outlook is Outlook.HELD:
        stages = status.blocked_stages(build)
        stage = f" and stage {stages[0].number}" if len(stages) == 1 else ""
        return (
            "Ask a repository administrator to approve or decline it; nothing runs until then. To approve: "
            f"{_TOOLS['approve']} with {which}{stage}"
        )
    if outlook is Outlook.STALLED:
        return (
            "Do not go on waiting: drone_list_builds with status unfinished shows what runs ahead of it. If nothing "
            "does, tell the operator of Drone's runners which runner it needs"
        )
    if outlook is Outlook.STUCK:
        return (
            "Do not wait: what is left of it never starts, as Drone starts a waiting stage only when another one ends. "
            f"{_TOOLS['restart']} with {which} runs the build again, {_TOOLS['stop']} with {which} ends this one"
        )
    return f"Call drone_wait_for_build with {which} to learn how it ends"


def _after_failure(build: Build, failed: FailedStep) -> str:
    which = f"number {build.number}"
    if failed.status != "error":
        step = f"stage {failed.stage.number} and step {failed.step.number}" if failed.step else ""
        return (
            f"{_TOOLS['diagnose']} with {which} explains why it failed; {_TOOLS['read_log']} with {which}, {step} "
            "reads the log"
        )
    # The runner could not run it, so it printed nothing.
    judged = judge(failed)
    if judged and judged.kind == "configuration":
        return "Correct what the error names, in most cases in the pipeline file, and push. The step has no log"
    return (
        f"The step has no log. {_TOOLS['restart']} with {which} runs the build again; if the error stays, report it "
        "to the operator of Drone's runners"
    )


def _afterwards(build: Build, limit: int) -> str:
    """Suggest what to do about a build that has ended without a failed step."""
    which = f"number {build.number}"
    if build.status == "killed" and judge_stopped_build(build, limit).kind == "timeout":
        return f"{_TOOLS['diagnose']} with {which} shows what ran when the time was up"
    if build.status in {"killed", "skipped"}:
        again = f"; {_TOOLS['restart']} with {which} runs this one again" if build.status == "killed" else ""
        branch = history_branch(build)
        of_branch = f" with branch {clean_name(branch)}" if branch else ""
        return f"drone_list_builds{of_branch} shows whether a newer one took its place{again}"
    if build.status == "declined":
        # Drone approves a blocked stage of a declined build, and runs it (harness/drone v2.25.0,
        # handler/api/repos/builds/stages/approve.go looks at the stage alone).
        held = [str(stage.number) for stage in status.blocked_stages(build)]
        if not held:
            return "Ask the person who declined it; a declined build cannot be restarted, a new push makes a new build"
        return (
            f"Ask the person who declined it. Stages that are still blocked ({', '.join(held[:5])}) can still be "
            f"approved, and then run; {_TOOLS['stop']} with {which} closes them"
        )
    return {
        "error": "The error is all that Drone knows: no step failed, so no log shows more",
        "failure": f"No step failed in it: {_TOOLS['diagnose']} with {which} shows what its stages say",
    }.get(build.status, "")
