"""Commits an agent's work and pushes it to its branch: never by force, never to a branch that people share.

Whatever can be refused is refused before the agent starts, so that no mistake in an option costs hours of work. What is
said to be pushed is in the remote, as the remote reports, and a clone of the branch has all of the work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drone_mcp_config.agents.committing import Author, commit_work, try_commit
from drone_mcp_config.agents.git import GitFailed
from drone_mcp_config.agents.git_status import read_work_tree
from drone_mcp_config.agents.pushable_branches import branch_problem, is_protected
from drone_mcp_config.agents.remote_branches import branches_at, commits_lacking, pushed_to
from drone_mcp_config.agents.secret_search import MOST_NAMED, SecretSearch
from drone_mcp_config.agents.unpushed_work import Place, describe_unpushed, find_places
from drone_mcp_config.errors import NotPushed, NotStarted, UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drone_mcp_config.agents.git import Git

PUSH_SECONDS = 240.0
CHECK_SECONDS = 30.0  # before the agent starts, for what may wait for a person or a peer


@dataclass(frozen=True)
class Delivery:
    """Where the work is pushed, and by whom.

    Attributes:
        protected: whether a protected branch may be pushed to.
        seconds: the time limit for committing and pushing.
        made_up: globs of files whose text may look like a secret.
    """

    branch: str
    author: Author
    remote: str = "origin"
    protected: bool = False
    seconds: float = PUSH_SECONDS
    made_up: tuple[str, ...] = ()


def check_delivery(git: Git, delivery: Delivery) -> frozenset[Place]:
    """Check that the work could be committed and pushed; return the places of work that are there already.

    Raises:
        UserError: not from here, or not to there.
        NotStarted: the remote does not answer, or git could not commit or push.
    """
    problem = branch_problem(delivery.branch)
    if problem:
        raise UserError(f"{delivery.branch!r} (--branch, BRANCH) {problem}.")
    limit = min(CHECK_SECONDS, delivery.seconds)
    git = git.within(limit)
    try:
        inside = git.run("rev-parse", "--is-inside-work-tree")
    except GitFailed as error:
        raise NotStarted(f"The agent was not started: --push needs git, and {error}.") from error
    if inside.out.strip() != "true":
        raise UserError(f"--push needs a git work tree, and {git.folder} is in none ({git.why(inside)}).")
    try:
        if not git.has("config", "--get", f"remote.{delivery.remote}.url"):
            raise UserError(f"--push needs the remote {delivery.remote!r}, which this work tree lacks (--remote).")
        _refuse_protected(git, delivery)
        git = git.at_top().within(delivery.seconds)  # it takes a while to look through a large work tree
        tree = read_work_tree(git)
        commit = try_commit(git.within(limit), delivery.author)
        # It asks for the right to push, and sends nothing. The hook before a push would look at work that is not there.
        to = f"refs/heads/{delivery.branch}"
        options = ("--dry-run", "--no-verify", "--porcelain")
        git.within(limit).ask("push", *options, "--", delivery.remote, f"{tree.head or commit}:{to}")
        return find_places(git, tree) | {_remote_place(git, delivery)}
    except (GitFailed, OSError) as error:
        where = f"{delivery.branch} of {delivery.remote}"
        raise NotStarted(f"The agent was not started: its work could not be pushed to {where}: {error}.") from error


def _refuse_protected(git: Git, delivery: Delivery) -> None:
    # As in `ref: refs/heads/main<tab>HEAD`.
    lines = git.ask("ls-remote", "--symref", "--", delivery.remote, "HEAD").splitlines()
    start = "ref: refs/heads/"
    named = (line.partition("\t")[0].removeprefix(start) for line in lines if line.startswith(start))
    if not delivery.protected and is_protected(delivery.branch, next(named, None)):
        raise UserError(
            f"The branch {delivery.branch!r} is protected: an agent works on a branch of its own. "
            "--push-protected is there for when you mean it."
        )


def _remote_place(git: Git, delivery: Delivery) -> Place:
    """Return where the remote is, without a password: a token may have been renewed meanwhile."""
    addresses = git.ask("remote", "get-url", "--push", "--all", delivery.remote)
    return Place("remote", delivery.remote, re.sub(r"(?<=://)[^/\s]*@", "", addresses))


def deliver(git: Git, delivery: Delivery, before: frozenset[Place], secrets: Mapping[str, str]) -> str:
    """Commit the work, push what is new, and return a sentence about it.

    Args:
        git: in the work tree.
        delivery: where to.
        before: the places of work that were there before the agent started.
        secrets: of this run, which must not be pushed -> where each comes from.

    Raises:
        NotPushed: not all of the work is in the branch; it is still in the work tree.
    """
    git = git.within(delivery.seconds)
    pushed = Pushed(f"Nothing to push: {delivery.branch} has all commits")
    try:
        git = git.at_top()
        commit_work(git, delivery.author)
        tree = read_work_tree(git)
        if tree.head:
            pushed = _push(git, delivery, tree.head, before, secrets)
    except (GitFailed, OSError) as error:
        raise NotPushed(f"The work was not pushed to {delivery.branch}: {error}. It is in {git.folder}.") from error
    lacking = list(pushed.lacking)
    try:
        lacking += describe_unpushed(git, tree, before, pushed.known)
    except (GitFailed, OSError) as error:
        lacking.append(f"what git cannot tell ({error})")
    if lacking:
        raise NotPushed(
            f"{pushed.said}. Work that they do not contain: {'; '.join(lacking)}. All of it is in {git.folder}."
        )
    return f"{pushed.said}."


@dataclass(frozen=True)
class Pushed:
    """The outcome of a push.

    Attributes:
        said: a sentence about it.
        known: the commits that the remote has.
        lacking: what could not be sent, in words.
    """

    said: str
    known: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()


def _push(git: Git, delivery: Delivery, head: str, before: frozenset[Place], secrets: Mapping[str, str]) -> Pushed:
    """Push a commit if the branch lacks it, and look for it in the remote."""
    if before and _remote_place(git, delivery) not in before:
        raise GitFailed(f"{delivery.remote} has another address than before the agent started")
    where = pushed_to(git, delivery.remote)
    heads = branches_at(git, where)
    if not commits_lacking(git, where, delivery.branch, head, heads):
        return Pushed(f"Nothing to push: {delivery.branch} has all commits", (head, *heads.values()))
    search = SecretSearch(secrets, delivery.made_up)
    search.search(git, head, heads.values())
    if search.found:
        more = " and more places" if len(search.found) > MOST_NAMED else ""
        raise GitFailed(
            f"there is {'; '.join(search.found[:MOST_NAMED])}{more}. Take it out of the commits before you push them "
            "(files of made-up secrets can be named with --made-up-secrets)"
        )
    lacking: tuple[str, ...] = ()
    if search.has_pointers:
        # Before the push, as it skips what the remote's branches refer to (git-lfs-push(1)).
        sent = git.run("lfs", "push", delivery.remote, head)
        lacking = () if sent.ok else (f"the content of files of git-lfs ({git.why(sent)})",)
    # The full name, as git cannot guess it for a new branch from a detached HEAD (git-push(1), <refspec>).
    git.ask("push", "--porcelain", "--", delivery.remote, f"{head}:refs/heads/{delivery.branch}")
    heads = branches_at(git, where)
    if delivery.branch not in heads or commits_lacking(git, where, delivery.branch, head, heads):
        there = heads.get(delivery.branch, "no such branch")[:14]
        raise GitFailed(f"git reports success, but {delivery.remote} has {there} there")
    return Pushed(f"Pushed {head[:12]} to {delivery.branch}", (head, *heads.values()), lacking)
