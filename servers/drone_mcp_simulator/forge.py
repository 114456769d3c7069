"""The source code host as a Gitea: the scenario's repositories and commits, and the statuses that Drone sets there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_simulator.scenarios import ScenarioError
from gitea_simulator.git import Blob, Person
from gitea_simulator.records import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from drone_mcp_simulator.scenario_schema import ForgePart, IssuePart, PullPart, RepoPart
    from drone_mcp_simulator.scm import Commit, ScmRepo
    from drone_mcp_simulator.world import World
    from gitea_simulator.records import Issue, Repository, User

# Drone's words for the states of a build (harness/drone v2.25.0, service/status/util.go).
STATES: Final = {
    "pending": ("pending", "Build is pending"),
    "waiting_on_dependencies": ("pending", "Build is pending"),
    "blocked": ("pending", "Build is pending approval"),
    "running": ("pending", "Build is running"),
    "success": ("success", "Build is passing"),
    "failure": ("failure", "Build is failing"),
    "killed": ("error", "Build was killed"),
    "declined": ("error", "Build was declined"),
    "skipped": ("error", "Build was skipped"),
}
EVENTS: Final = {"push": "/push", "pull_request": "/pr", "tag": "/tag"}
CONTEXT: Final = "continuous-integration/drone"


def add_repository(world: World, remote: ScmRepo, part: RepoPart) -> None:
    """Store a repository of the scenario at the host, with its labels and rules, but without commits."""
    owner, _, _ = remote.slug.partition("/")
    find_account(world, owner, organisation=owner not in world.users)
    given = part.forge
    repo = world.forge.add_repo(
        remote.slug,
        description=given.description,
        private=remote.private,
        default_branch=remote.default_branch,
        access=dict(remote.access),
    )
    for label in given.labels:
        world.forge.add_label(repo, label.name, label.color, description=label.description, exclusive=label.exclusive)
    for title in given.milestones:
        world.forge.add_milestone(repo, title)
    for rule in given.protections:
        world.forge.protect(repo, rule.branch, rule.approvals, rule.contexts)


def push(
    world: World, remote: ScmRepo, branch: str, commit: Commit, files: Mapping[str, str | None], parent: str = ""
) -> None:
    """Make a commit the head of a branch at the host; a new branch begins at `parent`. No text deletes a file."""
    repo = world.forge.repos[remote.slug.lower()]
    if branch not in repo.git.branches and parent in repo.git.commits:
        repo.git.branches[branch] = parent
    if commit.sha in repo.git.commits:
        repo.git.branches[branch] = commit.sha
    else:
        account = find_account(world, commit.author_login)
        author = Person(commit.author_name or account.login, f"{account.login}@example.com")
        changes = {path: None if text is None else Blob(text.encode()) for path, text in files.items()}
        repo.git.commit(branch, commit.message, changes, author, world.now(), sha=commit.sha)
    world.forge.push(repo, branch)


def open_pull(world: World, remote: ScmRepo, part: PullPart) -> None:
    """Open a pull request, unless there is one of its number."""
    repo = world.forge.repos[remote.slug.lower()]
    if part.number in repo.issues:
        return
    for branch in (part.head, part.base or remote.default_branch):
        if branch not in repo.git.branches:
            raise ScenarioError(f"{remote.slug}: nobody has pushed {branch!r}, which pull request {part.number} needs")
    issue = world.forge.open_pull(
        repo,
        find_account(world, part.author),
        part.title,
        head=part.head,
        base=part.base or remote.default_branch,
        body=part.body,
        number=part.number,
    )
    _describe(world, repo, issue, part)


def open_issue(world: World, remote: ScmRepo, part: IssuePart) -> None:
    """Open an issue."""
    repo = world.forge.repos[remote.slug.lower()]
    issue = world.forge.create_issue(repo, find_account(world, part.author), part.title, part.body)
    _describe(world, repo, issue, part)
    if part.closed:
        world.forge.set_state(issue, issue.author, "closed")


def finish(world: World, remote: ScmRepo, part: ForgePart) -> None:
    """Archive or rename a repository that has all that it is to have."""
    repo = world.forge.repos[remote.slug.lower()]
    repo.archived = part.archived
    if part.renamed_to:
        world.forge.rename(remote.slug, part.renamed_to)


def find_account(world: World, login: str, *, organisation: bool = False) -> User:
    """Return the account of a login, made if there is none: authors of commits need not be users of Drone."""
    known = world.forge.users.get(login.lower())
    return known or world.forge.add_user(login, organisation=organisation)


def _describe(world: World, repo: Repository, issue: Issue, part: IssuePart | PullPart) -> None:
    author = issue.author
    world.forge.set_labels(issue, author, [label for label in repo.labels if label.name in part.labels])
    world.forge.set_assignees(issue, author, [find_account(world, login) for login in part.assignees])
    for comment in part.comments:
        world.forge.comment(issue, find_account(world, comment.author), comment.body)


def list_statuses(world: World, repo: Repository, sha: str) -> Iterator[Status]:
    """List the statuses that Drone sets at a commit, one for each of its builds, the oldest first.

    None for the build of a cron job (drone/go-scm v1.28.0, scm/driver/gitea/repo.go; harness/drone v2.25.0,
    service/status/status.go).
    """
    names = {repo.full_name, *(old for old, new in world.forge.renamed.items() if new == repo.full_name)}
    # Drone keeps the name that the repository had when it was synchronized.
    known = next((one for slug, one in world.repos.items() if {slug, slug.lower()} & names), None)
    if known is None:
        return
    for build in reversed(world.list_builds(known)):
        if build.after != sha or build.event == "cron":
            continue
        state, description = STATES.get(build.status, ("error", "Build encountered an error"))
        target = f"/promote/{build.deploy_to}" if build.event == "promote" else ""
        yield Status(
            build.id,
            state,
            f"{CONTEXT}{target or EVENTS.get(build.event, '')}",
            next(iter(world.forge.users.values()), None),
            build.updated,
            f"{world.addresses.link}/{known.slug}/{build.number}",
            description,
        )
