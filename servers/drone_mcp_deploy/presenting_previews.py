"""Makes the answers about previews. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ci_mcp_kit.guard.action_parameters import Additions
from drone_mcp_build.build_wording import TITLE_WIDTH, clean_name, title_of
from drone_mcp_build.iso_time import format_time
from drone_mcp_deploy.views import PreviewItem, PreviewList, PreviewView
from drone_mcp_deployments.history import find_newest_green, find_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drone_mcp_client.models import Build
    from drone_mcp_deployments.previews import Preview


def present_previews(repo: str, limit: int, previews: Sequence[tuple[Preview, float]]) -> PreviewList:
    """Present previews, each with the Unix time at which it ends."""
    items = [PreviewItem(**_facts(preview, ends, ())) for preview, ends in previews]
    next_step = "" if items else "Open one with drone_create_deployment: a build without a target goes to a preview"
    return PreviewList(repo=repo, limit=limit, previews=tuple(items), next_step=next_step)


def present_preview(repo: str, preview: Preview, build: Build, builds: Sequence[Build], ends: float) -> PreviewView:
    """Present one preview.

    Args:
        repo: its repository.
        preview: as the newest deployments of the repository show it.
        build: its newest deployment, with stages.
        builds: the newest builds of the repository.
        ends: the Unix time.
    """
    source = find_source(build, builds)
    newer = find_newest_green(preview.branch, builds, after=source)
    additions = Additions(tuple(sorted(build.params.items())))
    return PreviewView(
        **_facts(preview, ends, builds),
        repo=repo,
        newer=newer.number if newer and newer.after != build.after else None,
        params=tuple(text.removeprefix("It sets ") for text in additions.notes()),
        stages={clean_name(stage.name): stage.status for stage in build.stages},
        next_step=f"Look at build {build.number}, which was to stop it" if preview.state == "stop failed" else "",
    )


def _facts(preview: Preview, ends: float, builds: Sequence[Build]) -> dict[str, Any]:
    build = preview.deployment
    return {
        "target": clean_name(preview.target),
        "branch": clean_name(preview.branch),
        "state": preview.state,
        "deployment": build.number,
        "source": find_source(build, builds) or None,
        "commit": build.after,
        "title": title_of(build, TITLE_WIDTH),
        "by": clean_name(build.trigger or build.sender),
        "at": format_time(build.finished or build.created),
        "ends": format_time(int(ends)) if preview.is_open else None,
    }
