"""What every Gitea and Forgejo does that the client relies on, asked without changing anything.

By default the simulator is asked; with FORGE_CONTRACT_SERVER and FORGE_CONTRACT_TOKEN (with the scopes read:issue and
read:repository, of a user with some repositories) that server. What it has no example of is skipped.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ci_mcp_kit.errors import AuthenticationFailed
from forge_client.errors import NotFound
from forge_client.gitea.client import GiteaForge
from forge_client.models.code import Entry
from forge_client.options import ForgeOptions
from forge_client.requests import IssueFilter, PullFilter
from support.simulator import running_simulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from forge_client.models.server import Repository

REAL = os.environ.get("FORGE_CONTRACT_SERVER", "")
MISSING = "no-such-name-anywhere"


@pytest.fixture
async def forge() -> AsyncIterator[GiteaForge]:
    if REAL:
        token = os.environ["FORGE_CONTRACT_TOKEN"]
        async with GiteaForge(ForgeOptions(server=REAL, token=token)) as real:
            yield real
        return
    async with running_simulator("forge") as drone:
        options = ForgeOptions(server=f"{drone.url}/forge", token="forge-token-of-a-reader")
        async with GiteaForge(options, network=drone.transport) as simulated:
            yield simulated


async def example(forge: GiteaForge) -> Repository:
    """Return a repository with commits."""
    found = [repo for repo in (await forge.repositories()).items if not repo.empty]
    if not found:
        pytest.skip("the user has no repository with commits")
    return found[0]


async def test_the_server_says_which_program_it_is(forge: GiteaForge) -> None:
    assert (await forge.version()).version


async def test_a_wrong_token_is_no_guest(forge: GiteaForge) -> None:
    async with running_simulator("forge") as drone:
        server, network = (REAL, None) if REAL else (f"{drone.url}/forge", drone.transport)
        async with GiteaForge(ForgeOptions(server=server, token="0" * 40), network=network) as stranger:
            with pytest.raises(AuthenticationFailed):
                await stranger.repositories()
    assert (await forge.version()).version


async def test_a_file_is_the_same_whole_and_in_parts(forge: GiteaForge) -> None:
    repo = await example(forge)
    entries = await forge.folder(repo.full_name)
    assert not isinstance(entries, Entry)
    files = [entry for entry in entries if entry.type == "file" and 1 < entry.size < 100_000]
    if not files:
        pytest.skip("it has no file at its root")
    whole = await forge.file(repo.full_name, files[0].path)
    first = await forge.file(repo.full_name, files[0].path, first=0, last=0)
    rest = await forge.file(repo.full_name, files[0].path, first=1, last=files[0].size - 1)
    assert first.content + rest.content == whole.content
    assert first.total == rest.total == len(whole.content) == files[0].size


async def test_the_tree_of_a_commit_has_what_its_folders_have(forge: GiteaForge) -> None:
    repo = await example(forge)
    newest = (await forge.commits(repo.full_name, limit=1)).items[0]
    entries = await forge.folder(repo.full_name, ref=newest.sha)
    assert not isinstance(entries, Entry)
    tree = await forge.tree(repo.full_name, newest.sha)
    assert {entry.path for entry in entries} <= {entry.path for entry in tree.entries}


async def test_commits_of_a_branch_come_newest_first_and_by_any_name_of_it(forge: GiteaForge) -> None:
    repo = await example(forge)
    newest = (await forge.commits(repo.full_name, repo.default_branch, limit=1)).items[0]
    branch = await forge.branch(repo.full_name, repo.default_branch)
    short = await forge.commit(repo.full_name, newest.sha[:10])
    assert newest.sha == branch.sha == short.sha


async def test_a_comparison_with_itself_has_no_commits(forge: GiteaForge) -> None:
    repo = await example(forge)
    same = await forge.comparison(repo.full_name, repo.default_branch, repo.default_branch)
    assert same.total_commits == 0


async def test_what_is_not_there_is_not_found(forge: GiteaForge) -> None:
    repo = (await example(forge)).full_name
    for missing in (
        forge.repository(f"{repo.split('/')[0]}/{MISSING}"),
        forge.branch(repo, MISSING),
        forge.file(repo, MISSING),
        forge.commits(repo, MISSING),
        forge.issue(repo, 987_654_321),
        forge.pull(repo, 987_654_321),
        forge.checks(repo, "1" * 40),
    ):
        with pytest.raises(NotFound):
            await missing


async def test_issues_and_pull_requests_are_told_apart(forge: GiteaForge) -> None:
    repo = (await example(forge)).full_name
    issues = (await forge.issues(repo, IssueFilter(state="all"))).items
    pulls = (await forge.pulls(repo, PullFilter(state="all"))).items
    assert not {issue.number for issue in issues} & {pull.number for pull in pulls}
