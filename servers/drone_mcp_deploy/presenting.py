"""Makes the answers of the reading tools. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ci_mcp_kit.guard.action_parameters import Additions
from drone_mcp_build.build_wording import TITLE_WIDTH, clean_name, title_of
from drone_mcp_build.iso_time import format_time
from drone_mcp_build.refs import branch_of
from drone_mcp_deploy.views import DeployHistory, DeploymentItem, DeploymentView, TargetItem, TargetList
from drone_mcp_deployments.history import deployments_to, find_newest_green, find_source
from drone_mcp_deployments.preview_names import is_preview

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drone_mcp_client.models import Build


def present_targets(repo: str, newest: Sequence[Build], builds: Sequence[Build]) -> TargetList:
    """Present the newest deployment of each target but previews; `builds` are the newest builds of the repository."""
    targets = [one for one in newest if not is_preview(one.deploy_to)]
    items = []
    for last in sorted(targets, key=lambda one: one.deploy_to):
        good = next((one.number for one in deployments_to(last.deploy_to, builds) if one.status == "success"), None)
        newer = find_newest_green(branch_of(last), builds, after=find_source(last, builds))
        runs = None if last.status == "success" else good
        ahead = newer.number if newer and newer.after != last.after else None
        items.append(TargetItem(**_facts(last, builds), runs=runs, newer=ahead))
    note = "Only deployments by this Drone are known; a target may have been changed by other means"
    next_step = "" if items else "Nothing was deployed by promotion; look at the builds of the default branch"
    return TargetList(repo=repo, targets=tuple(items), note=note if items else "", next_step=next_step)


def present_history(repo: str, target: str, builds: Sequence[Build], limit: int) -> DeployHistory:
    """Present the deployments of a target, newest first."""
    found = deployments_to(target, builds)
    return DeployHistory(
        repo=repo,
        target=target,
        deployments=tuple(DeploymentItem(**_facts(one, builds)) for one in found[:limit]),
        looked_through=len(builds),
        note=f"{len(found) - limit} older ones are left out" if len(found) > limit else "",
    )


def present_deployment(repo: str, build: Build) -> DeploymentView:
    """Present one deployment with its stages and parameters."""
    additions = Additions(tuple(sorted(build.params.items())))
    return DeploymentView(
        **_facts(build, ()),
        repo=repo,
        params=tuple(text.removeprefix("It sets ") for text in additions.notes()),
        stages={clean_name(stage.name): stage.status for stage in build.stages},
        error=clean_name(build.error),
    )


def _facts(build: Build, builds: Sequence[Build]) -> dict[str, Any]:
    return {
        "target": clean_name(build.deploy_to),
        "number": build.number,
        "source": find_source(build, builds) or None,
        "event": build.event,
        "status": build.status,
        "commit": build.after,
        "branch": clean_name(branch_of(build)),
        "title": title_of(build, TITLE_WIDTH),
        "by": clean_name(build.trigger or build.sender),
        "at": format_time(build.finished or build.created),
    }
