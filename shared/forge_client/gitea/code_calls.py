"""The calls about commits, branches and files.

Routes, parameters and answers are those of go-gitea/gitea v1.27.3: commits.go, branch.go and file.go of
routers/api/v1/repo.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_http.call import Call, Params, make_query, quote_input
from ci_mcp_kit.errors import InvalidInput
from forge_client.gitea.call_builders import LARGEST_PAGE, page_params, repo_get
from forge_client.gitea.responses import read_as, read_file, read_page, read_text
from forge_client.models.code import (
    Branch,
    BranchProtection,
    Commit,
    Comparison,
    Entry,
    FileContent,
    Tag,
    Tree,
)
from forge_client.names import check_head, check_ref, is_sha, split_path

if TYPE_CHECKING:
    from forge_client.models.base import Page

# Without what takes the forge long to make and nobody reads.
LEAN: Final[Params] = (("stat", "false"), ("verification", "false"), ("files", "false"))
LARGEST_TREE: Final = 1000  # entries of a page (go-gitea/gitea v1.27.3, modules/setting/api.go)


def branches(repo: str, page: int = 1, limit: int = LARGEST_PAGE) -> Call[Page[Branch]]:
    """List a page of the branches."""
    return repo_get(
        "branches.list", "the branches", repo, "/branches", read_page(Branch), params=page_params(page, limit)
    )


def branch(repo: str, name: str) -> Call[Branch]:
    """Read a branch, with what its protection asks for."""
    reader = read_as(Branch)
    what, template = f"branch {quote_input(name)}", "/branches/{branch}"
    return repo_get("branches.get", what, repo, template, reader, branch=tuple(check_ref(name).split("/")))


def branch_protections(repo: str) -> Call[tuple[BranchProtection, ...]]:
    """List the rules for branches, which only administrators of the repository may."""
    reader = read_as(tuple[BranchProtection, ...])
    return repo_get("branches.protections", "the branch protections", repo, "/branch_protections", reader)


def tags(repo: str, page: int = 1, limit: int = LARGEST_PAGE) -> Call[Page[Tag]]:
    """List a page of the tags, newest first."""
    return repo_get("tags.list", "the tags", repo, "/tags", read_page(Tag), params=page_params(page, limit))


def commits(
    repo: str, ref: str = "", *, path: str = "", missing_from: str = "", page: int = 1, limit: int = 30
) -> Call[Page[Commit]]:
    """List a page of the commits of a ref, newest first: those that change `path`, and are not in `missing_from`."""
    given = make_query(
        sha=check_ref(ref) if ref else "",
        path="/".join(split_path(path)),
        **{"not": check_ref(missing_from) if missing_from else ""},
    )
    params = (*page_params(page, limit), *given, *LEAN)
    return repo_get("commits.list", "the commits", repo, "/commits", read_page(Commit), params=params)


def commit(repo: str, sha: str) -> Call[Commit]:
    """Read a commit by its hash, which may be shortened."""
    what, template = f"commit {sha[:12]}", "/git/commits/{sha}"
    params = (("stat", "false"), ("verification", "false"))
    return repo_get("commits.get", what, repo, template, read_as(Commit), params=params, sha=_hash(sha))


def commit_diff(repo: str, sha: str) -> Call[str]:
    """Read the whole diff of a commit against its first parent."""
    what, template = f"the diff of commit {sha[:12]}", "/git/commits/{sha}.diff"
    return repo_get("commits.diff", what, repo, template, read_text, sha=_hash(sha))


def comparison(repo: str, base: str, head: str) -> Call[Comparison]:
    """Compare two refs from the commit that they share; the head may be `user:branch` of a fork."""
    basehead = tuple(f"{check_ref(base)}...{check_head(head)}".split("/"))
    what = f"the comparison of {quote_input(base)} and {quote_input(head)}"
    return repo_get("commits.compare", what, repo, "/compare/{basehead}", read_as(Comparison), basehead=basehead)


def folder(repo: str, path: str = "", ref: str = "") -> Call[tuple[Entry, ...] | Entry]:
    """List a folder, whole, or read the entry of a file. A ref is a branch, a tag or a whole hash."""
    what, template = f"the folder {quote_input(path or '/')}", "/contents/{path}"
    reader = read_as(tuple[Entry, ...] | Entry)
    return repo_get("files.list", what, repo, template, reader, params=_at(ref), path=split_path(path))


def tree(repo: str, sha: str, page: int = 1) -> Call[Tree]:
    """List a page of everything that is below a commit or a tree."""
    page_number, _ = page_params(page)
    params = (("recursive", "true"), page_number, ("per_page", str(LARGEST_TREE)))
    what, template = f"the tree of {sha[:12]}", "/git/trees/{sha}"
    return repo_get("files.tree", what, repo, template, read_as(Tree), params=params, sha=_hash(sha))


def file(repo: str, path: str, ref: str = "", *, first: int = 0, last: int | None = None) -> Call[FileContent]:
    """Read a file's bytes from `first` to `last`. Of a symlink comes the name of its target."""
    if not split_path(path):
        raise InvalidInput("A file needs a path")
    if first < 0 or (last is not None and last < first):
        raise InvalidInput(f"There are no bytes {first} to {last}", next_step="Count bytes from 0")
    # Ranges count bytes of the file, so that it must not be compressed (RFC 9110, section 14.1.2).
    part = f"bytes={first}-{'' if last is None else last}"
    headers = (("Range", part), ("Accept-Encoding", "identity")) if first or last is not None else ()
    what, template = f"the file {quote_input(path)}", "/raw/{path}"
    return repo_get(
        "files.read", what, repo, template, read_file, params=_at(ref), headers=headers, path=split_path(path)
    )


def _at(ref: str) -> Params:
    return make_query(ref=check_ref(ref) if ref else "")


def _hash(sha: str) -> str:
    if not is_sha(sha):
        raise InvalidInput(f"{quote_input(sha)} is not the hash of a commit", next_step="Give at least 4 of its digits")
    return sha
