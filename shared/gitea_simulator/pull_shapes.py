"""Pull requests as the JSON of the API (go-gitea/gitea v1.27.3, services/convert)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gitea_simulator import shapes
from gitea_simulator.differences import compare_trees
from gitea_simulator.shapes import api, moment, user

if TYPE_CHECKING:
    from gitea_simulator.differences import Difference
    from gitea_simulator.records import Issue, Repository, User
    from gitea_simulator.world import Gitea


def changed_file(world: Gitea, repo: Repository, head: str, of: Difference) -> dict[str, Any]:
    """Return a file that a pull request changes."""
    added, removed = of.numbers
    path = quote(of.path)
    previous = {"previous_filename": of.previous} if of.previous else {}
    return {
        "filename": of.path,
        **previous,
        "status": of.status,
        "additions": added,
        "deletions": removed,
        "changes": added + removed,
        "html_url": f"{world.url}/{repo.full_name}/src/commit/{head}/{path}",
        "contents_url": f"{api(world, repo)}/contents/{path}?ref={head}",
        "raw_url": f"{world.url}/{repo.full_name}/raw/commit/{head}/{path}",
    }


def pull_changes(repo: Repository, of: Issue) -> list[Difference]:
    """Return the files that a pull request changes."""
    pull = of.as_pull
    start = repo.git.commits[pull.merge_base].files if pull.merge_base else {}
    return compare_trees(start, repo.git.commits[pull.head_sha].files)


def listed_pull(world: Gitea, repo: Repository, of: Issue, viewer: User | None) -> dict[str, Any]:
    """Return a pull request as lists have it, which do not count its changes."""
    counts = {"additions", "deletions", "changed_files"}
    return {name: value for name, value in pull(world, repo, of, viewer).items() if name not in counts}


def pull(world: Gitea, repo: Repository, of: Issue, viewer: User | None) -> dict[str, Any]:
    """Return a pull request."""
    pull, link = of.as_pull, shapes.page(world, repo, of)
    changes = pull_changes(repo, of)
    numbers = [one.numbers for one in changes]
    issue = shapes.issue(world, repo, of)
    same = ("number", "user", "title", "body", "labels", "milestone", "assignee", "state", "is_locked", "comments")
    times = ("created_at", "updated_at", "closed_at")
    return {
        **{name: issue[name] for name in (*same, *times, "content_version")},
        "id": pull.id,
        "url": link,
        "assignees": issue["assignees"] or [],
        "requested_reviewers": [user(world, one) for one in pull.reviewers],
        "requested_reviewers_teams": [],
        "draft": of.is_draft,
        "review_comments": sum(review.comments for review in pull.reviews),
        "additions": sum(added for added, _ in numbers),
        "deletions": sum(removed for _, removed in numbers),
        "changed_files": len(changes),
        "html_url": link,
        "diff_url": f"{link}.diff",
        "patch_url": f"{link}.patch",
        "mergeable": world.mergeable(repo, of),
        "merged": pull.merged is not None,
        "merged_at": moment(pull.merged),
        "merge_commit_sha": pull.merge_commit or None,
        "merged_by": user(world, pull.merged_by),
        "allow_maintainer_edit": True,
        **_ends(world, repo, of, viewer),
        "merge_base": pull.merge_base,
        "due_date": None,
        "pin_order": 0,
    }


def _ends(world: Gitea, repo: Repository, of: Issue, viewer: User | None) -> dict[str, Any]:
    """Return base and head. The branch of a head that is gone is the ref that Gitea keeps of it."""
    pull = of.as_pull
    head_ref = pull.head_branch if world.has_head(of) or pull.merged else f"refs/pull/{of.number}/head"
    ends = {
        "base": (pull.base, pull.base, repo.git.branches.get(pull.base, pull.base_sha), repo),
        "head": (pull.head_branch, head_ref, pull.head_sha, pull.head_repo),
    }
    return {
        name: {
            "label": label,
            "ref": ref,
            "sha": sha,
            "repo_id": where.id,
            "repo": shapes.repository(world, where, viewer),
        }
        for name, (label, ref, sha, where) in ends.items()
    }
