"""Records as the JSON of the API (go-gitea/gitea v1.27.3, modules/structs and services/convert)."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from gitea_simulator.records import (
        Event,
        Issue,
        Label,
        Milestone,
        Protection,
        Repository,
        Review,
        Right,
        Status,
        User,
    )
    from gitea_simulator.world import Gitea

NEVER: Final = "0001-01-01T00:00:00Z"
EPOCH: Final = "1970-01-01T00:00:00Z"


def moment(at: int | None) -> str | None:
    """Return a time as the API writes it."""
    return None if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def api(world: Gitea, repo: Repository) -> str:
    """Return the address of a repository in the API."""
    return f"{world.url}/api/v1/repos/{repo.full_name}"


def page(world: Gitea, repo: Repository, issue: Issue) -> str:
    """Return the address of the page of an issue or pull request."""
    return f"{world.url}/{repo.full_name}/{'pulls' if issue.pull else 'issues'}/{issue.number}"


def user(world: Gitea, of: User | None, *, own: bool = False) -> dict[str, Any] | None:
    """Return an account; `own` for the caller's, which shows more."""
    if of is None:
        return None
    address = f"{of.login}@example.com" if own else f"{of.id}+{of.login}@noreply.example.com"
    avatar = hashlib.md5(of.login.encode(), usedforsecurity=False).hexdigest()
    return {
        "id": of.id,
        "login": of.login,
        "login_name": "",
        "source_id": 0,
        "full_name": of.full_name,
        "email": "" if of.is_organisation else address,
        "avatar_url": f"{world.url}/avatars/{avatar}",
        "html_url": f"{world.url}/{of.login}",
        "language": "",
        "is_admin": own and of.is_admin,
        "last_login": EPOCH if own else NEVER,
        "created": moment(of.created),
        "restricted": False,
        "active": own,
        "prohibit_login": False,
        "location": "",
        "website": "",
        "description": "",
        "visibility": "public",
        "followers_count": 0,
        "following_count": 0,
        "starred_repos_count": 0,
        "username": of.login,
    }


FIXED_OF_REPOSITORY: Final = {
    "template": False,
    "mirror": False,
    "language": "",
    "link": "",
    "original_url": "",
    "website": "",
    "stars_count": 0,
    "watchers_count": 1,
    "release_counter": 0,
    "archived_at": EPOCH,
    "has_code": True,
    "has_pull_requests": True,
    "has_projects": True,
    "projects_mode": "all",
    "has_releases": True,
    "has_packages": True,
    "has_actions": False,
    "ignore_whitespace_conflicts": False,
    "allow_merge_commits": True,
    "allow_rebase": True,
    "allow_rebase_explicit": False,
    "allow_squash_merge": True,
    "allow_fast_forward_only_merge": False,
    "allow_merge_update": True,
    "allow_rebase_update": True,
    "allow_manual_merge": False,
    "autodetect_manual_merge": False,
    "default_delete_branch_after_merge": False,
    "default_merge_style": "merge",
    "default_update_style": "merge",
    "default_allow_maintainer_edit": True,
    "avatar_url": "",
    "internal": False,
    "mirror_interval": "",
    "object_format_name": "sha1",
    "mirror_updated": NEVER,
    "mirror_last_sync_at": NEVER,
    "topics": [],
    "licenses": [],
}
"""The fields that are the same for all repositories of the simulator."""

TRACKER: Final = {
    "enable_time_tracker": True,
    "allow_only_contributors_to_track_time": True,
    "enable_issue_dependencies": True,
}


def repository(world: Gitea, repo: Repository, viewer: User | None, *, with_parent: bool = True) -> dict[str, Any]:
    """Return a repository as a user sees it."""
    link = f"{world.url}/{repo.full_name}"
    issues = repo.issues.values()
    rights: dict[str, Right] = {"admin": "admin", "push": "write", "pull": "read"}
    shown: dict[str, Any] = {
        **FIXED_OF_REPOSITORY,
        "id": repo.id,
        "owner": user(world, repo.owner),
        "name": repo.name,
        "full_name": repo.full_name,
        "description": repo.description,
        "empty": not repo.git.branches,
        "private": repo.private,
        "fork": repo.parent is not None,
        "size": len(repo.git.commits),
        "languages_url": f"{api(world, repo)}/languages",
        "html_url": link,
        "url": api(world, repo),
        "ssh_url": f"git@localhost:{repo.full_name}.git",
        "clone_url": f"{link}.git",
        "forks_count": sum(other.parent is repo for other in world.repos.values()),
        "branch_count": len(repo.git.branches),
        "open_issues_count": sum(issue.closed is None and issue.pull is None for issue in issues),
        "open_pr_counter": sum(issue.closed is None and issue.pull is not None for issue in issues),
        "default_branch": repo.default_branch,
        "archived": repo.archived,
        "created_at": moment(repo.created),
        "updated_at": moment(max([repo.created, *(issue.updated for issue in issues)])),
        "permissions": {name: world.may(repo, viewer, right) for name, right in rights.items()},
        "has_issues": repo.has_issues,
        "has_wiki": repo.has_wiki,
    }
    if repo.has_issues:
        shown["internal_tracker"] = TRACKER
    if repo.parent and with_parent:
        shown["parent"] = repository(world, repo.parent, viewer, with_parent=False)
    return shown


def label(world: Gitea, repo: Repository, of: Label) -> dict[str, Any]:
    """Return a label."""
    home = f"{world.url}/api/v1/orgs/{of.organisation}" if of.organisation else api(world, repo)
    return {
        "id": of.id,
        "name": of.name,
        "exclusive": of.exclusive,
        "is_archived": False,
        "color": of.color,
        "description": of.description,
        "url": f"{home}/labels/{of.id}",
    }


def milestone(repo: Repository, of: Milestone | None) -> dict[str, Any] | None:
    """Return a milestone."""
    if of is None:
        return None
    issues = [issue for issue in repo.issues.values() if issue.milestone is of]
    return {
        "id": of.id,
        "title": of.title,
        "description": of.description,
        "state": of.state,
        "open_issues": sum(issue.closed is None for issue in issues),
        "closed_issues": sum(issue.closed is not None for issue in issues),
        "created_at": moment(of.created),
        "updated_at": moment(max([of.created, *(issue.updated for issue in issues)])),
        "closed_at": None,
        "due_on": moment(of.due),
    }


def count_comments(of: Issue) -> int:
    """Return the number of comments, to which reviews with a text count."""
    return len(of.comments) + sum(event.type == "review" and event.body != "" for event in of.events)


def issue(world: Gitea, repo: Repository, of: Issue) -> dict[str, Any]:
    """Return an issue, or a pull request as one."""
    assignees = [user(world, one) for one in of.assignees]
    pull = None
    if of.pull:
        merged = {"merged": of.pull.merged is not None, "merged_at": moment(of.pull.merged)}
        pull = {**merged, "draft": of.is_draft, "html_url": page(world, repo, of)}
    return {
        "id": of.id,
        "url": f"{api(world, repo)}/issues/{of.number}",
        "html_url": page(world, repo, of),
        "number": of.number,
        "user": user(world, of.author),
        "original_author": "",
        "original_author_id": 0,
        "title": of.title,
        "body": of.body,
        "ref": "",
        "assets": [],
        "labels": [label(world, repo, one) for one in of.labels],
        "milestone": milestone(repo, of.milestone),
        "projects": None,
        "assignee": assignees[0] if assignees else None,
        "assignees": assignees or None,
        "state": of.state,
        "is_locked": of.is_locked,
        "comments": count_comments(of),
        "created_at": moment(of.created),
        "updated_at": moment(of.updated),
        "closed_at": moment(of.closed),
        "due_date": moment(of.due),
        "time_estimate": 0,
        "pull_request": pull,
        "repository": {
            "id": repo.id,
            "name": repo.name,
            "owner": repo.owner.login,
            "full_name": repo.full_name,
        },
        "pin_order": of.pin_order,
        "content_version": of.content_version,
    }


def comment(world: Gitea, repo: Repository, on: Issue, of: Event) -> dict[str, Any]:
    """Return a comment."""
    link = page(world, repo, on)
    return {
        "id": of.id,
        "html_url": f"{link}#issuecomment-{of.id}",
        "pull_request_url": link if on.pull else "",
        "issue_url": "" if on.pull else link,
        "user": user(world, of.user),
        "original_author": "",
        "original_author_id": 0,
        "body": of.body,
        "assets": [],
        "created_at": moment(of.at),
        "updated_at": moment(of.updated),
    }


def event(world: Gitea, repo: Repository, on: Issue, of: Event) -> dict[str, Any]:
    """Return an entry of a timeline."""
    link = page(world, repo, on)
    return {
        "id": of.id,
        "type": of.type,
        "html_url": f"{link}#issuecomment-{of.id}",
        "pull_request_url": link if on.pull else "",
        "issue_url": "" if on.pull else link,
        "user": user(world, of.user),
        "body": of.body,
        "created_at": moment(of.at),
        "updated_at": moment(of.updated),
        "old_project_id": 0,
        "project_id": 0,
        "old_milestone": None,
        "milestone": milestone(repo, of.milestone),
        "tracked_time": None,
        "old_title": of.old_title,
        "new_title": of.new_title,
        "old_ref": "",
        "new_ref": "",
        "ref_issue": issue(world, repo, of.ref_issue) if of.ref_issue else None,
        "ref_comment": None,
        "ref_action": "none",
        "ref_commit_sha": "",
        "review_id": of.review,
        "label": label(world, repo, of.label) if of.label else None,
        "assignee": user(world, of.assignee),
        "assignee_team": None,
        "removed_assignee": of.removed_assignee,
        "resolve_doer": None,
        "dependent_issue": issue(world, repo, of.dependent) if of.dependent else None,
    }


def review(world: Gitea, repo: Repository, on: Issue, of: Review) -> dict[str, Any]:
    """Return a review of a pull request."""
    link = page(world, repo, on)
    head = on.pull.head_sha if on.pull else ""
    return {
        "id": of.id,
        "user": user(world, of.user),
        "team": None,
        "state": of.state,
        "body": of.body,
        "commit_id": of.commit,
        "stale": of.commit != head,
        "official": of.official,
        "dismissed": False,
        "comments_count": of.comments,
        "submitted_at": moment(of.at),
        "updated_at": moment(of.at),
        "html_url": f"{link}#pullrequestreview-{of.id}",
        "pull_request_url": link,
    }


def status(world: Gitea, repo: Repository, sha: str, of: Status) -> dict[str, Any]:
    """Return the status of a commit in a context."""
    return {
        "id": of.id,
        "status": of.state,
        "target_url": of.target_url,
        "description": of.description,
        "url": f"{api(world, repo)}/statuses/{sha}",
        "context": of.context,
        "creator": user(world, of.creator),
        "created_at": moment(of.at),
        "updated_at": moment(of.at),
    }


def protection(of: Protection) -> dict[str, Any]:
    """Return a rule for branches."""
    lists = ("push_whitelist", "merge_whitelist", "force_push_allowlist", "bypass_allowlist")
    switches = ("enable_push_whitelist", "enable_force_push", "enable_force_push_allowlist", "enable_merge_whitelist")
    more = ("enable_bypass_allowlist", "enable_approvals_whitelist", "block_on_official_review_requests")
    rest = ("block_on_outdated_branch", "dismiss_stale_approvals", "ignore_stale_approvals", "require_signed_commits")
    keys = ("push_whitelist_deploy_keys", "force_push_allowlist_deploy_keys", "block_admin_merge_override")
    return {
        "branch_name": of.name,
        "rule_name": of.name,
        "priority": 1,
        "enable_push": False,
        **{f"{name}_usernames": [] for name in lists},
        **{f"{name}_teams": [] for name in (*lists, "approvals_whitelist")},
        "approvals_whitelist_username": [],
        **dict.fromkeys((*switches, *more, *rest, *keys), False),
        "enable_status_check": of.contexts is not None,
        "status_check_contexts": list(of.contexts or ()),
        "required_approvals": of.approvals,
        "block_on_rejected_reviews": of.block_on_rejected,
        "protected_file_patterns": "",
        "unprotected_file_patterns": "",
        "created_at": moment(of.created),
        "updated_at": moment(of.created),
    }
