"""Lists files and commits, and compares refs."""

from __future__ import annotations

from datetime import UTC
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_kit.token_count import count_tokens
from forge_client.errors import FORGE
from forge_client.models.code import Entry
from forge_client.names import is_full_sha, is_sha, split_path
from forge_code.commit_lookup import SHORT, find_commit
from forge_code.views import CommitLine, CommitList, FileList, RefComparison

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from forge_access.access import ForgeAccess
    from forge_client.forge import Forge
    from forge_client.models.base import Page
    from forge_client.models.code import Commit, Comparison, Tree
    from forge_code.commit_lookup import Place

ROOM: Final = 1_500  # tokens of the entries of an answer
PATH_WIDTH: Final = 300
TITLE_WIDTH: Final = 100
MOST_COMPARED: Final = 20  # commits of a comparison that are shown


async def list_folder(access: ForgeAccess, place: Place, path: str, start: int) -> FileList:
    """List the entries of a folder. Costs one request, and one more for a shortened hash."""

    async def ask(forge: Forge, repo: str) -> tuple[Entry, ...] | Entry:
        is_short = is_sha(place.ref) and not is_full_sha(place.ref)
        ref = await find_commit(forge, repo, place.ref) if is_short else place.ref
        return await forge.folder(repo, path, ref)

    found = await access.ask_forge(place.slug, ask)
    folder = "/".join(split_path(path))
    if isinstance(found, Entry):
        step = f"{folder} is a {found.type}: read it with drone_read_file"
        return FileList(repo=place.slug, at=place.label, files=(_entry(found),), total=1, next_step=step)
    names = [_entry(entry) for entry in found]
    return _page(FileList(repo=place.slug, at=place.label, path=folder, files=()), names, start)


async def find_files(access: ForgeAccess, place: Place, path: str, name: str, start: int) -> FileList:
    """Find files below a folder by their names. Costs two requests: for the commit, and for its tree."""

    async def ask(forge: Forge, repo: str) -> Tree:
        return await forge.tree(repo, await find_commit(forge, repo, place.ref))

    tree = await access.ask_forge(place.slug, ask)
    folder = "/".join(split_path(path))
    names = [
        f"{entry.path} {entry.size}"
        for entry in tree.entries
        if entry.type == "blob" and entry.path.startswith(f"{folder}/" if folder else "") and _matches(entry.path, name)
    ]
    view = _page(FileList(repo=place.slug, at=place.label, path=folder, files=()), names, start)
    if not tree.truncated:
        return view
    missing = f"Only the first {len(tree.entries)} of {tree.total} entries of the tree were searched: list a folder"
    return view.model_copy(update={"left_out": missing})


def _matches(path: str, name: str) -> bool:
    """Check a path against a glob, which may be of the file's name alone, or a part of the path; any case."""
    path, name = path.lower(), name.lower()
    if not set(name) & set("*?["):
        return name in path
    return fnmatchcase(path, name) or fnmatchcase(path.rpartition("/")[2], name)


def _entry(entry: Entry) -> str:
    path = one_line(entry.path, PATH_WIDTH)
    if entry.type == "dir":
        return f"{path}/"
    target = f" -> {one_line(entry.target, PATH_WIDTH)}" if entry.type == "symlink" else ""
    kind = " (submodule)" if entry.type == "submodule" else ""
    return f"{path}{target}{kind} {entry.size}"


def _page(view: FileList, names: Sequence[str], start: int) -> FileList:
    """Return the entries from `start` on for which there is room."""
    shown = _fit(names[start:])
    end = start + len(shown)
    more = {"next_start": end} if end < len(names) else {}
    return view.model_copy(update={"files": shown, "total": len(names), **more})


def _fit(lines: Iterable[str], room: int = ROOM) -> tuple[str, ...]:
    """Return the first lines for which there is room, at least one."""
    shown: list[str] = []
    for line in lines:
        room -= count_tokens(line) + 3  # quotes and a comma
        if room < 0 and shown:
            break
        shown.append(line)
    return tuple(shown)


async def list_commits(access: ForgeAccess, place: Place, path: str, page: int, limit: int) -> CommitList:
    """List commits. Costs one request."""

    async def ask(forge: Forge, repo: str) -> Page[Commit]:
        return await forge.commits(repo, place.ref, path=path, page=page, limit=limit)

    found = await access.ask_forge(place.slug, ask)
    return CommitList(
        repo=place.slug,
        at=place.label,
        path="/".join(split_path(path)),
        commits=tuple(map(_commit, found.items)),
        total=found.total,
        next_page=found.next_page,
    )


async def compare(access: ForgeAccess, base: Place, head: Place) -> RefComparison:
    """Compare two places. Costs one request, and one more if one of them is the default branch.

    Raises:
        InvalidInput: both are.
    """
    if not (base.ref or head.ref):
        raise InvalidInput(
            "Neither base nor head is given",
            next_step="Give a ref or a build for one of them; the other is the default branch then",
            service=FORGE,
        )

    async def ask(forge: Forge, repo: str) -> tuple[str, Comparison]:
        default = "" if base.ref and head.ref else (await forge.repository(repo)).default_branch
        return default, await forge.comparison(repo, base.ref or default, head.ref or default)

    default, found = await access.ask_forge(base.slug, ask)
    commits = found.commits
    # Gitea lists the files of each commit, Forgejo those of the whole comparison.
    files = found.files or [file for commit in commits for file in commit.files]
    paths = dict.fromkeys(f"{file.status} {one_line(file.path, PATH_WIDTH)}" for file in files)
    shown = _fit(paths, ROOM // 2)
    left_out = []
    if found.total_commits > MOST_COMPARED:
        left_out.append(f"{found.total_commits - MOST_COMPARED} older commits")
    if len(shown) < len(paths):
        left_out.append(f"{len(paths) - len(shown)} files")
    return RefComparison(
        repo=base.slug,
        base=base.label if base.ref else default,
        head=head.label if head.ref else default,
        total_commits=found.total_commits,
        commits=tuple(map(_commit, commits[:MOST_COMPARED])),
        files=shown,
        left_out=", ".join(left_out),
        next_step="" if commits else "Nothing is new there: compare the other way round to see what it lacks",
    )


def _commit(commit: Commit) -> CommitLine:
    when = commit.committed_at or commit.authored_at
    return CommitLine(
        commit=commit.sha[:SHORT],
        when=when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if when else None,
        author=one_line(commit.author or commit.author_name, 60),
        title=one_line(commit.message.strip().partition("\n")[0], TITLE_WIDTH),
    )
