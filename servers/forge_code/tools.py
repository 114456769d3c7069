"""The tools: arguments in, at most three requests, a view out.

A repository that was renamed at the forge costs one request more, which returns its new name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ci_mcp_kit.tools import tool
from forge_code.views import CommitList, FileList, FileView, RefComparison, RepositoryView

if TYPE_CHECKING:
    from forge_access.access import ForgeAccess

Repo = Annotated[str | None, Field(description="owner/name or URL")]
Ref = Annotated[str | None, Field(description="branch, tag or commit")]
Build = Annotated[int | None, Field(ge=1, description="number of a Drone build, in place of ref, 1+")]


class CodeTools:
    """All tools of this server."""

    def __init__(self, access: ForgeAccess) -> None:
        self._access = access

    @tool(title="Get a repository", schema="repository/1")
    async def drone_get_repository(self, repo: Repo = None) -> RepositoryView:
        """A repository in Drone and at the forge: default branch, archived, protected branches, required checks."""
        from forge_code.repository import show_repository  # noqa: PLC0415 - on first use, to start fast

        return await show_repository(self._access, self._access.resolve_repo(repo))

    @tool(title="List files", schema="file-list/1")
    async def drone_list_files(
        self,
        repo: Repo = None,
        path: Annotated[str, Field(description="folder; default: the root")] = "",
        name: Annotated[str | None, Field(description="find below path: a glob or a part of the path")] = None,
        ref: Ref = None,
        build: Build = None,
        start: Annotated[int, Field(ge=0, description="next_start of an answer, 0+")] = 0,
    ) -> FileList:
        """What a folder has, or the files below it with a name, at a build, branch, tag or commit."""
        from forge_code import commit_lookup, files_and_commits  # noqa: PLC0415 - on first use, to start fast

        place = await commit_lookup.find_place(self._access, repo, ref, build)
        if name:
            return await files_and_commits.find_files(self._access, place, path, name, start)
        return await files_and_commits.list_folder(self._access, place, path, start)

    @tool(title="Read a file", schema="file/1")
    async def drone_read_file(
        self,
        path: Annotated[str, Field(description="from the root of the repository")],
        repo: Repo = None,
        ref: Ref = None,
        build: Build = None,
        line: Annotated[int | None, Field(ge=1, description="show the lines around it, 1+")] = None,
        lines: Annotated[str | None, Field(description="range, like 1-80")] = None,
        bytes: Annotated[str | None, Field(description="range of at most 3000, like 0-2999")] = None,  # noqa: A002 - a caller's word
    ) -> FileView:
        """Numbered lines of a file, or bytes, at a build, branch, tag or commit. Tells binary and LFS files."""
        from forge_code import commit_lookup, file_reading  # noqa: PLC0415 - on first use, to start fast

        request = file_reading.read_request(path, line, lines, bytes)
        place = await commit_lookup.find_place(self._access, repo, ref, build)
        return await file_reading.read_part(self._access, place, request)

    @tool(title="List commits", schema="commit-list/1")
    async def drone_list_commits(
        self,
        repo: Repo = None,
        ref: Ref = None,
        build: Build = None,
        path: Annotated[str, Field(description="only those that change this file or folder")] = "",
        limit: Annotated[int, Field(ge=1, le=50, description="1 to 50")] = 15,
        page: Annotated[int, Field(ge=1, description="1+")] = 1,
    ) -> CommitList:
        """Commits of a branch, tag, commit or build, newest first: who changed what, and when."""
        from forge_code import commit_lookup, files_and_commits  # noqa: PLC0415 - on first use, to start fast

        place = await commit_lookup.find_place(self._access, repo, ref, build)
        return await files_and_commits.list_commits(self._access, place, path, page, limit)

    @tool(title="Compare refs", schema="ref-comparison/1")
    async def drone_compare_refs(
        self,
        repo: Repo = None,
        base: Ref = None,
        base_build: Build = None,
        head: Ref = None,
        head_build: Build = None,
    ) -> RefComparison:
        """Commits and files that head has and base lacks; refs or builds, by default the default branch."""
        from forge_code import commit_lookup, files_and_commits  # noqa: PLC0415 - on first use, to start fast

        old = await commit_lookup.find_place(self._access, repo, base, base_build)
        new = await commit_lookup.find_place(self._access, repo, head, head_build)
        return await files_and_commits.compare(self._access, old, new)
