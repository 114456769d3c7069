"""Commits, branches and files as the JSON of the API (go-gitea/gitea v1.27.3, services/convert)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from gitea_simulator.differences import compare_trees
from gitea_simulator.git import FOLDER, SYMLINK
from gitea_simulator.shapes import NEVER, api, moment, user

if TYPE_CHECKING:
    from gitea_simulator.git import Commit, Person, Tag, TreeItem
    from gitea_simulator.records import Repository, User
    from gitea_simulator.world import Gitea

UNSIGNED: Final = {
    "verified": False,
    "reason": "gpg.error.not_signed_commit",
    "signature": "",
    "signer": None,
    "payload": "",
}
CHANGES: Final = {"changed": "modified", "deleted": "removed"}
"""The words of a commit for those of a pull request."""


def _account(world: Gitea, person: Person) -> User | None:
    """Return the account that has a person's address."""
    return world.users.get(person.email.partition("@")[0].lower())


def _person(person: Person, at: int) -> dict[str, Any]:
    return {"name": person.name, "email": person.email, "date": moment(at)}


def commit(world: Gitea, repo: Repository, of: Commit, wanted: frozenset[str]) -> dict[str, Any]:
    """Return a commit; `wanted` names those of stat, verification and files that are asked for."""
    url = f"{api(world, repo)}/git/commits/{of.sha}"
    tree = {"url": f"{api(world, repo)}/git/trees/{of.sha}", "sha": of.sha, "created": moment(of.at)}
    changes = compare_trees(repo.git.parent_files(of), of.files) if wanted & {"files", "stat"} else []
    files = [{"filename": one.path, "status": CHANGES.get(one.status, one.status)} for one in changes]
    stats = None
    if "stat" in wanted:
        added, removed = (
            (sum(numbers) for numbers in zip(*(one.numbers for one in changes), strict=True)) if changes else (0, 0)
        )
        stats = {"total": added + removed, "additions": added, "deletions": removed}
    return {
        "url": url,
        "sha": of.sha,
        "created": moment(of.at),
        "html_url": f"{world.url}/{repo.full_name}/commit/{of.sha}",
        "commit": {
            "url": url,
            "author": _person(of.author, of.at),
            "committer": _person(of.committer, of.at),
            "message": of.message,
            "tree": tree,
            "verification": UNSIGNED if "verification" in wanted else None,
        },
        "author": user(world, _account(world, of.author)),
        "committer": user(world, _account(world, of.committer)),
        "parents": [
            {"url": f"{api(world, repo)}/git/commits/{parent}", "sha": parent, "created": NEVER}
            for parent in of.parents
        ],
        "files": files if "files" in wanted else None,
        "stats": stats,
    }


def branch(world: Gitea, repo: Repository, name: str, viewer: User | None) -> dict[str, Any]:
    """Return a branch with its newest commit and what its protection asks for."""
    head = repo.git.commits[repo.git.branches[name]]
    rule = repo.find_protection(name)
    people = {
        role: {"name": one.name, "email": one.email, "username": account.login if account else ""}
        for role, one in (("author", head.author), ("committer", head.committer))
        for account in [_account(world, one)]
    }
    may_write = world.may(repo, viewer, "write")
    return {
        "name": name,
        "commit": {
            "id": head.sha,
            "message": head.message,
            "url": f"{world.url}/{repo.full_name}/commit/{head.sha}",
            **people,
            "verification": UNSIGNED,
            "timestamp": moment(head.at),
            "added": None,
            "removed": None,
            "modified": None,
        },
        "protected": rule is not None,
        "required_approvals": rule.approvals if rule else 0,
        "enable_status_check": bool(rule and rule.contexts is not None),
        "status_check_contexts": list((rule.contexts if rule else None) or ()),
        "user_can_push": may_write and rule is None,
        "user_can_merge": may_write,
        "effective_branch_protection_name": rule.name if rule and world.may(repo, viewer, "admin") else "",
    }


def tag(world: Gitea, repo: Repository, name: str, of: Tag) -> dict[str, Any]:
    """Return a tag; one that is no object of its own has the message and hash of its commit."""
    target = repo.git.commits[of.commit]
    sha = of.sha or target.sha
    archive = f"{world.url}/{repo.full_name}/archive/{name}"
    url = f"{api(world, repo)}/git/commits/{sha}"
    return {
        "name": name,
        "message": of.message or target.message,
        "id": sha,
        "commit": {"url": url, "sha": target.sha, "created": moment(target.at)},
        "zipball_url": f"{archive}.zip",
        "tarball_url": f"{archive}.tar.gz",
    }


def entry(
    world: Gitea, repo: Repository, at: Commit, ref: str, item: TreeItem, *, content: bool = False
) -> dict[str, Any]:
    """Return a file or folder; with `content` that of a file, in base64."""
    blob = at.files.get(item.path)
    kind = "dir" if item.mode == FOLDER else "symlink" if item.mode == SYMLINK else "file"
    last = repo.git.last_change(at.sha, item.path)
    path = quote(item.path)
    where = "branch" if ref in repo.git.branches else "tag" if ref in repo.git.tags else "commit"
    url = f"{api(world, repo)}/contents/{path}?ref={quote(ref)}"
    git = f"{api(world, repo)}/git/{'trees' if kind == 'dir' else 'blobs'}/{item.sha}"
    page = f"{world.url}/{repo.full_name}/src/{where}/{ref}/{path}"
    raw = f"{world.url}/{repo.full_name}/raw/{where}/{ref}/{path}"
    shown = content and kind == "file" and blob is not None
    return {
        "name": item.path.rpartition("/")[2],
        "path": item.path,
        "sha": item.sha,
        "last_commit_sha": last.sha,
        "last_committer_date": moment(last.at),
        "last_author_date": moment(last.at),
        "type": kind,
        "size": item.size,
        "encoding": "base64" if shown else None,
        "content": base64.b64encode(blob.content).decode() if shown and blob else None,
        "target": blob.content.decode() if kind == "symlink" and blob else None,
        "url": url,
        "html_url": page,
        "git_url": git,
        "download_url": None if kind == "dir" else raw,
        "submodule_git_url": None,
        "_links": {"self": url, "git": git, "html": page},
    }


def tree_item(world: Gitea, repo: Repository, item: TreeItem) -> dict[str, Any]:
    """Return an entry of a tree."""
    kind = "tree" if item.mode == FOLDER else "blob"
    url = f"{api(world, repo)}/git/{kind}s/{item.sha}"
    return {"path": item.path, "mode": item.mode, "type": kind, "size": item.size, "sha": item.sha, "url": url}
