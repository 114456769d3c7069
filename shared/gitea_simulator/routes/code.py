"""Commits, branches, tags, comparisons and statuses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from gitea_simulator import code_shapes, pull_shapes, shapes
from gitea_simulator.differences import compare_trees, write_diff
from gitea_simulator.paging import answer_page
from gitea_simulator.request_context import Refusal, answer, answer_text
from gitea_simulator.routes.route import REPO, route

if TYPE_CHECKING:
    from starlette.responses import Response

    from gitea_simulator.git import Commit
    from gitea_simulator.records import Repository, Status
    from gitea_simulator.request_context import Context

# From the mildest to the worst (go-gitea/gitea v1.27.3, modules/commitstatus/commit_status.go).
SEVERITIES: Final = ("skipped", "success", "warning", "pending", "failure", "error")
PARTS: Final = ("stat", "verification", "files")
_FULL_HASH: Final = re.compile(r"[0-9a-f]{40}")


def missing_object(name: str, path: str = "") -> Refusal:
    """Return the error for a ref or a path that is not there."""
    return Refusal(404, f"object does not exist [id: {name}, rel_path: {path}]")


def find_commit(repo: Repository, ref: str) -> Commit:
    """Return the commit of a ref; of the default branch for ""."""
    commit = repo.git.find(ref or repo.default_branch)
    if commit is None:
        raise missing_object(ref or repo.default_branch)
    return commit


def _wanted(ctx: Context) -> frozenset[str]:
    return frozenset(part for part in PARTS if ctx.query.get(part, "true") != "false")


def list_commits(ctx: Context) -> Response:
    """List the commits of a ref."""
    repo, wanted = ctx.repo, _wanted(ctx)
    if not repo.git.branches:
        raise Refusal(409, "Git Repository is empty.")
    commits = repo.git.history(find_commit(repo, ctx.query.get("sha", "")).sha)
    if path := ctx.query.get("path"):
        commits = [commit for commit in commits if repo.git.changes_path(commit, path)]
    if without := ctx.query.get("not"):
        known = {commit.sha for commit in repo.git.history(find_commit(repo, without).sha)}
        commits = [commit for commit in commits if commit.sha not in known]
    return answer_page(
        ctx,
        commits,
        lambda commit: code_shapes.commit(ctx.world, repo, commit, wanted),
        links=True,
        counts=True,
    )


def read_commit(ctx: Context) -> Response:
    """Tell a commit."""
    commit = _named_commit(ctx)
    return answer(code_shapes.commit(ctx.world, ctx.repo, commit, _wanted(ctx)))


def commit_diff(ctx: Context) -> Response:
    """Tell the diff of a commit."""
    commit = _named_commit(ctx)
    return answer_text(write_diff(compare_trees(ctx.repo.git.parent_files(commit), commit.files)))


def _named_commit(ctx: Context) -> Commit:
    name = ctx.params["sha"]
    if ".." in name:
        raise Refusal(422, f"no valid ref or sha: {name}")
    commit = ctx.repo.git.find(name, short=True)
    if commit is None:
        raise Refusal(404, f"commit doesn't exist: {name}")
    return commit


def commit_pull(ctx: Context) -> Response:
    """Tell the pull request whose merge made a commit."""
    for issue in ctx.repo.pulls:
        if issue.pull and issue.pull.merge_commit == ctx.params["sha"]:
            return answer(pull_shapes.pull(ctx.world, ctx.repo, issue, ctx.user))
    where = f"id: 0, issue_id: 0, head_repo_id: 0, base_repo_id: {ctx.repo.id}, head_branch: , base_branch: "
    raise Refusal(404, f"pull request does not exist [{where}]")


def compare(ctx: Context) -> Response:
    """Tell the commits that one ref has and another lacks."""
    repo = ctx.repo
    base_name, _, head_name = ctx.params["basehead"].replace("...", "..").partition("..")
    source, branch = find_head(ctx, head_name)
    base = _compared_commit(repo, base_name)
    head = _compared_commit(source, branch)
    known = {commit.sha for commit in repo.git.history(base.sha)}
    commits = [commit for commit in source.git.history(head.sha) if commit.sha not in known]
    shown = [code_shapes.commit(ctx.world, repo, commit, frozenset(PARTS)) for commit in commits]
    return answer({"total_commits": len(shown), "commits": shown})


def _compared_commit(repo: Repository, name: str) -> Commit:
    commit = repo.git.find(name, short=True)
    if commit is None:
        raise Refusal(404, f'ref "{name}" does not exist')
    return commit


def find_head(ctx: Context, head: str) -> tuple[Repository, str]:
    """Return the repository and the branch of a head, which may be `user:branch` of a fork."""
    owner, colon, branch = head.rpartition(":")
    if not colon:
        return ctx.repo, head
    for repo in ctx.world.repos.values():
        if repo.owner.login.lower() == owner.lower() and ctx.repo in (repo, repo.parent):
            return repo, branch
    raise Refusal(404, "not found")


def list_branches(ctx: Context) -> Response:
    """List the branches: the default branch, then those with the newest commits."""
    git, default = ctx.repo.git, ctx.repo.default_branch
    repo = ctx.repo
    names = sorted(git.branches, key=lambda name: (name != default, -git.commits[git.branches[name]].at, name))
    return answer_page(ctx, names, lambda name: code_shapes.branch(ctx.world, repo, name, ctx.user), links=True)


def read_branch(ctx: Context) -> Response:
    """Tell a branch."""
    name = ctx.params["branch"]
    if name not in ctx.repo.git.branches:
        raise Refusal(404, "not found")
    return answer(code_shapes.branch(ctx.world, ctx.repo, name, ctx.user))


def list_protections(ctx: Context) -> Response:
    """List the rules for branches, for administrators."""
    if not ctx.may("admin"):
        raise Refusal(403, "user should be an owner or a collaborator with admin write of a repository")
    return answer([shapes.protection(rule) for rule in ctx.repo.protections])


def list_tags(ctx: Context) -> Response:
    """List the tags, newest first."""
    repo = ctx.repo
    tags = sorted(repo.git.tags.items(), key=lambda pair: repo.git.commits[pair[1].commit].at, reverse=True)
    return answer_page(ctx, tags, lambda pair: code_shapes.tag(ctx.world, repo, *pair))


def combined_status(ctx: Context) -> Response:
    """Tell the newest status of each context, and the worst state."""
    repo, world = ctx.repo, ctx.world
    sha = find_commit(repo, ctx.params["ref"]).sha
    newest = {status.context: status for status in world.statuses_of(repo, sha)}
    statuses = sorted(newest.values(), key=lambda status: status.id)
    worst = max((status.state for status in statuses), key=_severity, default="")
    headers = {"x-total-count": str(len(statuses)), "access-control-expose-headers": "X-Total-Count"}
    shown = [shapes.status(world, repo, sha, status) for status in statuses]
    found: dict[str, Any] = {"state": worst, "sha": sha, "total_count": len(statuses), "statuses": shown or None}
    return answer(
        {
            **found,
            "repository": shapes.repository(world, repo, ctx.user),
            "commit_url": f"{shapes.api(world, repo)}/commits/{sha}",
            "url": f"{shapes.api(world, repo)}/commits/{sha}/status",
        },
        headers=headers,
    )


def _severity(state: str) -> int:
    return SEVERITIES.index(state) if state in SEVERITIES else len(SEVERITIES)


def list_statuses(ctx: Context) -> Response:
    """List all statuses of a whole hash, newest first; of anything else none."""
    repo, sha = ctx.repo, ctx.params["sha"]
    found: list[Status] = ctx.world.statuses_of(repo, sha) if _FULL_HASH.fullmatch(sha) else []
    wanted = ctx.query.get("state")
    shown = [status for status in reversed(found) if not wanted or status.state == wanted]
    return answer_page(ctx, shown, lambda status: shapes.status(ctx.world, repo, sha, status), links=True)


def create_status(ctx: Context) -> Response:
    """Set a status of a commit. Any word is taken for its state."""
    repo, sha, body = ctx.repo, ctx.params["sha"], ctx.json()
    if not ctx.may("write"):
        raise Refusal(403, "user should have a permission to write to a repo")
    if sha not in repo.git.commits:
        raise Refusal(500, "")
    texts = {name: str(body.get(name) or "") for name in ("target_url", "description")}
    made = ctx.world.add_status(
        repo, sha, ctx.caller, str(body.get("state", "")), str(body.get("context", "default")), **texts
    )
    return answer(shapes.status(ctx.world, repo, sha, made), 201)


ROUTES = (
    route("GET", f"{REPO}/commits", "repository", list_commits),
    route("GET", f"{REPO}/commits/{{sha}}/pull", "repository", commit_pull),
    route("GET", f"{REPO}/commits/{{ref...}}/status", "repository", combined_status),
    route("GET", f"{REPO}/git/commits/{{sha}}.diff", "repository", commit_diff),
    route("GET", f"{REPO}/git/commits/{{sha}}", "repository", read_commit),
    route("GET", f"{REPO}/compare/{{basehead...}}", "repository", compare),
    route("GET", f"{REPO}/branches", "repository", list_branches),
    route("GET", f"{REPO}/branches/{{branch...}}", "repository", read_branch),
    route("GET", f"{REPO}/branch_protections", "repository", list_protections),
    route("GET", f"{REPO}/tags", "repository", list_tags),
    route("GET", f"{REPO}/statuses/{{sha}}", "repository", list_statuses),
    route("POST", f"{REPO}/statuses/{{sha}}", "repository", create_status),
)
