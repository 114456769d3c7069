"""Commits an agent's work and pushes it to its branch: never by force, never to a branch that people share.

Whatever can be refused is refused before the agent starts, so that no mistake in an option costs hours of work.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from drone_mcp_config.agents.pushable_branches import branch_problem, is_protected
from drone_mcp_config.errors import NotPushed, NotStarted, UserError

if TYPE_CHECKING:
    from drone_mcp_config.agents.git import Git

DEFAULT_EMAIL = "agent@drone-mcp.invalid"  # RFC 2606: `.invalid` is never registered
# Files in git's folder during an operation: gitrevisions(7) describes the first three, a rebase has a folder.
UNFINISHED = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")


@dataclass(frozen=True)
class Delivery:
    """Where the work is pushed, and by whom.

    Attributes:
        protected: whether a protected branch may be pushed to.
    """

    branch: str
    role: str
    session: str = ""
    remote: str = "origin"
    protected: bool = False


def check_delivery(git: Git, delivery: Delivery) -> None:
    """Check that the work could be pushed.

    Raises:
        UserError: not from here, or not to there.
        NotStarted: the remote does not answer.
    """
    problem = branch_problem(delivery.branch)
    if problem:
        raise UserError(f"{delivery.branch!r} (--branch, BRANCH) {problem}.")
    try:
        inside = git.run("rev-parse", "--is-inside-work-tree")
    except OSError as error:
        raise UserError("--push needs git, and there is no such program.") from error
    if inside.out.strip() != "true":
        raise UserError(f"--push needs a git work tree, and {Path.cwd()} is in none.")
    if not git.run("config", "--get", f"remote.{delivery.remote}.url").ok:
        raise UserError(f"--push needs the remote {delivery.remote!r}, which this work tree does not have (--remote).")
    _refuse_protected(git, delivery)


def _refuse_protected(git: Git, delivery: Delivery) -> None:
    # It also shows that the remote answers and takes our credentials, before the agent starts its work.
    head = git.run("ls-remote", "--symref", "--", delivery.remote, "HEAD")
    if not head.ok:
        raise NotStarted(f"The agent was not started: {delivery.remote} cannot be read ({git.why(head)}).")
    if not delivery.protected and is_protected(delivery.branch, _default_branch(head.out)):
        raise UserError(
            f"The branch {delivery.branch!r} is protected: an agent works on a branch of its own. "
            "--push-protected is there for when you mean it."
        )


def _default_branch(symref: str) -> str | None:
    """Read the answer of `git ls-remote --symref`, as in `ref: refs/heads/main<tab>HEAD`."""
    start = "ref: refs/heads/"
    lines = (line.partition("\t")[0] for line in symref.splitlines())
    return next((line.removeprefix(start) for line in lines if line.startswith(start)), None)


def deliver(git: Git, delivery: Delivery) -> str:
    """Commit the work, push what is new, and return a sentence about it.

    Raises:
        NotPushed: the work is still in the work tree.
    """
    _refuse_unfinished(git)
    _commit(git, delivery)
    head = git.run("rev-parse", "--verify", "--quiet", "HEAD").out.strip()
    if not head or not _is_ahead(git, delivery):
        return f"Nothing to push: {delivery.branch} lacks nothing that is here."
    # The full name, as git cannot guess it for a new branch from a detached HEAD (git-push(1), <refspec>).
    pushed = git.run("push", "--porcelain", "--", delivery.remote, f"HEAD:refs/heads/{delivery.branch}")
    if not pushed.ok:
        raise NotPushed(
            f"The work was not pushed to {delivery.branch}: {git.why(pushed)}. "
            f"It is the commit {head[:12]} in {Path.cwd()}."
        )
    return f"Pushed {head[:12]} to {delivery.branch}."


def _refuse_unfinished(git: Git) -> None:
    """Refuse to commit in the middle of a merge or the like: conflict markers would be committed as work."""
    # git knows the paths: those of a linked work tree are elsewhere (git-worktree(1), DETAILS).
    asked = [word for name in UNFINISHED for word in ("--git-path", name)]
    paths = git.run("rev-parse", *asked).out.splitlines()
    # A conflict after `git stash pop` leaves none of these files, only unmerged entries.
    if git.run("ls-files", "--unmerged").out or any(Path(path).exists() for path in paths):
        raise NotPushed(
            f"The work was not pushed: {Path.cwd()} is in the middle of a merge, rebase or the like, "
            "so nothing was committed."
        )


def _commit(git: Git, delivery: Delivery) -> None:
    if not git.run("status", "--porcelain").out:
        return
    by = f"session {delivery.session}" if delivery.session else f"the {delivery.role} agent"
    trailers = [f"Agent-Role: {delivery.role}", *([f"Agent-Session: {delivery.session}"] if delivery.session else [])]
    message = "\n".join([f"Save what {by} left", "", *trailers])
    # A committer for where git knows none; its own variables (GIT_AUTHOR_NAME ...) win over these.
    defaults = {"user.name": f"{delivery.role} agent", "user.email": DEFAULT_EMAIL}
    lacking = {key: value for key, value in defaults.items() if not git.run("config", "--get", key).ok}
    identity = [word for key, value in lacking.items() for word in ("-c", f"{key}={value}")]
    made = git.run("add", "--all")
    if made.ok:
        made = git.run(*identity, "commit", "--quiet", "--message", message)
    if not made.ok:
        raise NotPushed(f"The work was not committed, and not pushed: {git.why(made)}. It is in {Path.cwd()}.")


def _is_ahead(git: Git, delivery: Delivery) -> bool:
    """Tell whether there is a commit here that the branch lacks, or that the remote lacks if the branch is new.

    Raises:
        NotPushed: the remote does not answer.
    """
    tip = git.run("ls-remote", "--", delivery.remote, f"refs/heads/{delivery.branch}")
    if not tip.ok:
        raise NotPushed(f"The work was not pushed: {delivery.remote} cannot be read ({git.why(tip)}).")
    known = tip.out.partition("\t")[0].strip()
    # The branch may have commits that were never fetched, which rev-list cannot exclude.
    is_here = known and git.run("cat-file", "-e", f"{known}^{{commit}}").ok
    there = [known] if is_here else [f"--remotes={delivery.remote}"]
    return git.run("rev-list", "--count", "HEAD", "--not", *there).out.strip() != "0"
