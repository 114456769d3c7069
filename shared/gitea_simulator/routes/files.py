"""Files, folders and trees."""

from __future__ import annotations

import re
from email.utils import formatdate
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from gitea_simulator import code_shapes
from gitea_simulator.git import SYMLINK, TreeItem, list_folder, list_tree
from gitea_simulator.request_context import Refusal, answer
from gitea_simulator.routes.code import find_commit, missing_object
from gitea_simulator.routes.route import REPO, route
from gitea_simulator.shapes import api

if TYPE_CHECKING:
    from gitea_simulator.git import Blob
    from gitea_simulator.request_context import Context

TREE_PAGE: Final = 1000
_RANGE: Final = re.compile(r"bytes=(\d+)-(\d*)")


def contents(ctx: Context) -> Response:
    """Tell a folder's entries, or a file with its content."""
    repo = ctx.repo
    path, ref = ctx.params.get("path", "").strip("/"), ctx.query.get("ref", "")
    commit = find_commit(repo, ref)
    name = ref or repo.default_branch
    if path in commit.files:
        blob = commit.files[path]
        item = TreeItem(path, blob.mode, blob.sha, len(blob.content))
        return answer(code_shapes.entry(ctx.world, repo, commit, name, item, content=True))
    items = list_folder(commit.files, path)
    if path and not items:
        raise missing_object("", path)
    return answer([code_shapes.entry(ctx.world, repo, commit, name, item) for item in items])


def raw(ctx: Context) -> Response:
    """Send a file's bytes, all or a range; of a symlink the name of its target."""
    commit = ctx.repo.git.find(ctx.query.get("ref", "") or ctx.repo.default_branch)
    blob = commit.files.get(ctx.params["path"]) if commit else None
    if commit is None or blob is None:
        raise Refusal(404, "not found")
    name = ctx.params["path"].rpartition("/")[2]
    changed = ctx.repo.git.last_change(commit.sha, ctx.params["path"]).at
    headers = {
        "etag": f'"{blob.sha}"',
        "last-modified": formatdate(changed, usegmt=True),
        "x-content-type-options": "nosniff",
        "x-gitea-object-type": "symlink" if blob.mode == SYMLINK else "file",
    }
    if ctx.request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers={**headers, "cache-control": "max-age=0, private, must-revalidate"})
    headers |= {
        "cache-control": "public, max-age=21600",
        "access-control-expose-headers": "Content-Disposition",
        "content-disposition": f"inline; filename={name}",
        "content-type": "application/octet-stream" if b"\0" in blob.content[:1024] else "text/plain; charset=utf-8",
    }
    return _send_range(ctx, blob, headers)


def _send_range(ctx: Context, blob: Blob, headers: dict[str, str]) -> Response:
    """Send the wanted bytes (RFC 9110, section 14)."""
    wanted, total = _RANGE.fullmatch(ctx.request.headers.get("range", "")), len(blob.content)
    if wanted is None:
        return Response(blob.content, 200, headers)
    first = int(wanted[1])
    last = min(int(wanted[2] or total), total - 1)
    if first >= total or last < first:
        text = "invalid range: failed to overlap\n"
        return Response(text, 416, {"content-type": "text/plain; charset=utf-8", "content-range": f"bytes */{total}"})
    return Response(blob.content[first : last + 1], 206, {**headers, "content-range": f"bytes {first}-{last}/{total}"})


def tree(ctx: Context) -> Response:
    """List a page of the entries of a commit; with those inside of folders if it is recursive."""
    repo = ctx.repo
    commit = repo.git.find(ctx.params["sha"], short=True)
    if commit is None:
        raise Refusal(400, f"sha not found [{ctx.params['sha']}]")
    is_recursive = ctx.query.get("recursive", "") in {"true", "1"}
    items = list_tree(commit.files) if is_recursive else list_folder(commit.files, "")
    size = min(int(ctx.query.get("per_page") or TREE_PAGE), TREE_PAGE)
    page = max(1, int(ctx.query.get("page") or 1))
    shown = items[(page - 1) * size : page * size]
    return answer(
        {
            "sha": commit.sha,
            "url": f"{api(ctx.world, repo)}/git/trees/{commit.sha}",
            "tree": [code_shapes.tree_item(ctx.world, repo, item) for item in shown],
            "truncated": page * size < len(items),
            "page": page,
            "total_count": len(items),
        },
        headers={"x-total-count": str(len(items)), "access-control-expose-headers": "X-Total-Count"},
    )


ROUTES = (
    route("GET", f"{REPO}/contents", "repository", contents),
    route("GET", f"{REPO}/contents/{{path...}}", "repository", contents),
    route("GET", f"{REPO}/raw/{{path...}}", "repository", raw),
    route("GET", f"{REPO}/git/trees/{{sha...}}", "repository", tree),
)
