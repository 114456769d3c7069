"""The client before a table of captured answers: what it asks, in how many requests, and what it makes of them."""

from __future__ import annotations

import inspect
import random
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import respx

from ci_mcp_kit.errors import InvalidInput, PermissionDenied, ServiceFailed, UnexpectedAnswer, Unreachable
from forge_client.errors import NotFound, RepositoryRenamed
from forge_client.forge import Forge, ForgeWrites
from forge_client.gitea import write_calls
from forge_client.gitea.client import GiteaForge
from forge_client.models.base import Page
from forge_client.requests import IssueFilter, PullFilter
from support.forge_captures import forgejo, gitea
from support.forge_client import API, HELLO, SERVER, Clock
from support.forge_routes import answer_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

REPO = "octo/hello"
ORGANISATION = f"{API}/orgs/octo/labels"


def sent(forge: respx.MockRouter) -> list[str]:
    return [f"{call.request.method} {call.request.url.path}" for call in forge.calls]


def asked(route: respx.Route) -> dict[str, str]:
    return dict(route.calls.last.request.url.params)


def methods(protocol: type) -> dict[str, list[str]]:
    found = {name: method for name, method in vars(protocol).items() if inspect.isfunction(method)}
    return {name: [*inspect.signature(method).parameters] for name, method in found.items() if name[0] != "_"}


def test_the_client_has_every_method_of_the_interface_with_its_arguments() -> None:
    reads = {name: [*inspect.signature(getattr(GiteaForge, name)).parameters] for name in methods(Forge)}
    assert reads == methods(Forge)
    writes = {name: [*inspect.signature(getattr(write_calls, name)).parameters] for name in methods(ForgeWrites)}
    assert {name: ["self", *parameters] for name, parameters in writes.items()} == methods(ForgeWrites)


SHA = "0abbfeb5bdcb92c1f461c276b3f1933835488f68"
READS: dict[int, Callable[[GiteaForge], Awaitable[Any]]] = {
    2: lambda forge: forge.version(),
    6: lambda forge: forge.user(),
    14: lambda forge: forge.repository(REPO),
    28: lambda forge: forge.repositories(limit=3),
    32: lambda forge: forge.assignees(REPO),
    101: lambda forge: forge.issue(REPO, 12),
    117: lambda forge: forge.blockers(REPO, 14),
    118: lambda forge: forge.blocked(REPO, 15),
    125: lambda forge: forge.comment(REPO, 276),
    127: lambda forge: forge.timeline(REPO, 12),
    150: lambda forge: forge.pull(REPO, 1),
    164: lambda forge: forge.pull_diff(REPO, 1),
    171: lambda forge: forge.pull_files(REPO, 10, page=2, limit=2),
    175: lambda forge: forge.pull_commits(REPO, 1),
    176: lambda forge: forge.reviews(REPO, 1),
    192: lambda forge: forge.checks(REPO, SHA),
    206: lambda forge: forge.commits(REPO, path="README.md", limit=2),
    209: lambda forge: forge.commits(REPO, "feature/multiply", missing_from="main", limit=5),
    217: lambda forge: forge.commit_diff(REPO, "7c0eed8f2d6effb90e6bb7f13eb61bc53020f49b"),
    219: lambda forge: forge.comparison(REPO, "main", "feature/multiply"),
    223: lambda forge: forge.comparison(REPO, "main", "hugo:patch-1"),
    232: lambda forge: forge.folder(REPO, "src/main.py", "feature/multiply"),
    247: lambda forge: forge.file(REPO, "src/main.py", "feature/multiply"),
    260: lambda forge: forge.branches(REPO, limit=3),
    262: lambda forge: forge.branch(REPO, "feature/multiply"),
    266: lambda forge: forge.branch_protections(REPO),
    267: lambda forge: forge.tags(REPO),
}


@pytest.mark.parametrize("number", READS, ids=lambda number: gitea(number).name)
async def test_a_read_is_one_request_with_what_was_captured(forge: respx.MockRouter, clock: Clock, number: int) -> None:
    capture = gitea(number)
    forge.get(capture.path).mock(return_value=capture.answer())
    async with clock.client() as client:
        answer = await READS[number](client)
    (call,) = forge.calls
    assert capture.params <= {*call.request.url.params.multi_items()}
    if isinstance(answer, Page):
        assert answer.items
        assert answer.total == int(capture.headers["X-Total-Count"])
    else:
        assert answer == answer_of(capture)


async def test_a_tree_is_read_with_everything_below_it(forge: respx.MockRouter, clock: Clock) -> None:
    route = forge.get(f"{HELLO}/git/trees/{SHA}").mock(return_value=gitea(256).answer())
    async with clock.client() as client:
        tree = await client.tree(REPO, SHA)
    assert asked(route) == {"recursive": "true", "page": "1", "per_page": "1000"}
    assert "docs/guide with space.md" in {entry.path for entry in tree.entries}
    assert not tree.truncated


async def test_issues_are_listed_without_pull_requests_and_with_the_state_that_is_meant(
    forge: respx.MockRouter, clock: Clock
) -> None:
    route = forge.get(f"{HELLO}/issues").mock(return_value=gitea(49).answer())
    async with clock.client() as client:
        page = await client.issues(REPO, IssueFilter(), limit=2)
    assert asked(route) == {"page": "1", "limit": "2", "state": "open", "type": "issues"}
    assert (page.total, page.next_page, len(page.items)) == (126, 2, 2)


async def test_a_filter_by_known_names_costs_three_requests(forge: respx.MockRouter, clock: Clock) -> None:
    forge.get(f"{HELLO}/labels").mock(return_value=gitea(37).answer())
    forge.get(f"{HELLO}/milestones").mock(return_value=gitea(39).answer())
    route = forge.get(f"{HELLO}/issues").mock(return_value=gitea(84).answer())
    wanted = IssueFilter(state="all", labels=("bug", "ci"), milestone="v2", text="arm64 build", author="octavia")
    async with clock.client() as client:
        page = await client.issues(REPO, wanted)
    assert len(forge.calls) == 3
    assert asked(route) == {
        "page": "1",
        "limit": "30",
        "state": "all",
        "type": "issues",
        "labels": "bug,ci",
        "milestones": "v2",
        "q": "arm64 build",
        "created_by": "octavia",
    }
    assert [issue.number for issue in page.items] == [12]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (IssueFilter(labels=("bug", "flacky-test")), "Did you mean 'flaky-test'"),
        (IssueFilter(labels=("BUG",)), "Did you mean 'bug'"),  # which Gitea takes for any label at all
        (IssueFilter(labels=("org-wide",)), "Leave it out"),
        (IssueFilter(milestone="v22"), "Did you mean 'v2'"),
        (IssueFilter(milestone="next"), "Its milestones are: v2, v3"),
    ],
)
async def test_a_name_that_would_mean_no_filter_is_refused_with_near_ones(
    forge: respx.MockRouter, clock: Clock, wanted: IssueFilter, words: str
) -> None:
    forge.get(f"{HELLO}/labels").mock(return_value=gitea(37).answer())
    forge.get(ORGANISATION).mock(return_value=gitea(38).answer())
    forge.get(f"{HELLO}/milestones").mock(return_value=gitea(39).answer())
    async with clock.client() as client:
        with pytest.raises(InvalidInput) as caught:
            await client.issues(REPO, wanted)
        with pytest.raises(InvalidInput):
            await client.pulls(REPO, PullFilter(labels=wanted.labels, milestone=wanted.milestone))
    assert words in caught.value.next_step
    assert not [request for request in sent(forge) if request.endswith(("/issues", "/pulls"))]


async def test_a_label_with_a_comma_cannot_become_two_others(forge: respx.MockRouter, clock: Clock) -> None:
    forge.get(f"{HELLO}/labels").respond(json=[{"id": 1, "name": "a,b"}], headers={"X-Total-Count": "1"})
    async with clock.client() as client:
        with pytest.raises(InvalidInput, match="comma"):
            await client.issues(REPO, IssueFilter(labels=("a,b",)))


@pytest.mark.parametrize("text", [" ", "\t", "a\0b", "a\nb", "\ud800", "a" * 1001])
async def test_words_that_the_forge_would_drop_are_not_searched_for(
    forge: respx.MockRouter, clock: Clock, text: str
) -> None:
    async with clock.client() as client:
        with pytest.raises(InvalidInput, match="cannot filter"):
            await client.issues(REPO, IssueFilter(text=text))
        with pytest.raises(InvalidInput, match="cannot filter"):
            await client.pulls(REPO, PullFilter(author=text))
    assert not forge.calls


async def test_a_label_that_exists_twice_is_no_filter(forge: respx.MockRouter, clock: Clock) -> None:
    labels = [{"id": number, "name": "bug"} for number in (1, 2)]
    forge.get(f"{HELLO}/labels").respond(json=labels, headers={"X-Total-Count": "2"})
    async with clock.client() as client:
        with pytest.raises(InvalidInput, match="2 labels 'bug'"):
            await client.issues(REPO, IssueFilter(labels=("bug",)))


async def test_an_unknown_author_is_an_argument_to_correct(forge: respx.MockRouter, clock: Clock) -> None:
    forge.get(f"{HELLO}/issues").mock(return_value=gitea(69).answer())
    async with clock.client() as client:
        with pytest.raises(InvalidInput, match="no user"):
            await client.issues(REPO, IssueFilter(author="nosuchuser"))


async def test_all_labels_are_collected_from_a_server_with_smaller_pages(forge: respx.MockRouter, clock: Clock) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        page = int(request.url.params["page"])
        labels = [{"id": number, "name": f"label {number}"} for number in range(1, 46)]
        return httpx.Response(200, json=labels[20 * (page - 1) : 20 * page], headers={"X-Total-Count": "45"})

    own = forge.get(f"{HELLO}/labels").mock(side_effect=answer)
    forge.get(ORGANISATION).respond(404, json={"message": "not found"})
    async with clock.client() as client:
        labels = await client.labels(REPO)
    assert [label.id for label in labels] == [*range(1, 46)]
    assert own.call_count == 3


async def test_the_labels_of_an_organisation_follow_those_of_the_repository(
    forge: respx.MockRouter, clock: Clock
) -> None:
    forge.get(f"{HELLO}/labels").mock(return_value=gitea(37).answer())
    theirs = forge.get(ORGANISATION).mock(side_effect=[gitea(38).answer(), gitea(9).answer()])
    async with clock.client() as client:
        assert [label.name for label in await client.labels(REPO)][-1] == "org-wide"
        assert "org-wide" not in [label.name for label in await client.labels(REPO)]  # without the scope
    assert theirs.call_count == 2


async def test_a_server_that_never_ends_a_list_is_not_asked_for_ever(forge: respx.MockRouter, clock: Clock) -> None:
    page = [{"id": number, "title": f"m{number}"} for number in range(50)]
    route = forge.get(f"{HELLO}/milestones").respond(json=page, headers={"X-Total-Count": "999999999999999999999"})
    async with clock.client() as client:
        assert len(await client.milestones(REPO)) == 1000
    assert route.call_count == 20


@pytest.mark.parametrize("size", [0, 51])
async def test_a_page_that_the_forge_would_cut_is_not_asked_for(
    forge: respx.MockRouter, clock: Clock, size: int
) -> None:
    async with clock.client() as client:
        with pytest.raises(InvalidInput, match="1 to 50"):
            await client.issues(REPO, IssueFilter(), limit=size)
        with pytest.raises(InvalidInput):
            await client.pulls(REPO, PullFilter(), page=0)
    assert not forge.calls


async def test_pull_requests_are_filtered_by_the_ids_of_labels(forge: respx.MockRouter, clock: Clock) -> None:
    forge.get(f"{HELLO}/labels").mock(return_value=gitea(37).answer())
    route = forge.get(f"{HELLO}/pulls").mock(return_value=gitea(139).answer())
    async with clock.client() as client:
        page = await client.pulls(REPO, PullFilter(labels=("ci",), author="octavia"))
    assert asked(route) == {
        "page": "1",
        "limit": "15",
        "state": "open",
        "sort": "recentupdate",
        "labels": "3",
        "poster": "octavia",
    }
    assert [pull.number for pull in page.items] == [1]


async def test_a_base_that_forgejo_ignores_is_filtered_here(forge: respx.MockRouter, clock: Clock) -> None:
    forge.get(f"{HELLO}/pulls").mock(return_value=forgejo(142).answer())
    async with clock.client() as client:
        page = await client.pulls(REPO, PullFilter(base="main"))
        none = await client.pulls(REPO, PullFilter(base="nosuch"))
    assert {pull.base.ref for pull in page.items} == {"main"}
    assert (none.items, none.total) == ((), None)


async def test_the_pull_request_of_a_head_is_found_among_open_ones(forge: respx.MockRouter, clock: Clock) -> None:
    good, fork = gitea(150).json, gitea(149).json
    route = forge.get(path__regex="(?i).*/octo/hello/pulls").respond(json=[fork, good], headers={"X-Total-Count": "2"})
    async with clock.client() as client:
        by_sha = await client.open_pulls_of(REPO, sha=good["head"]["sha"])
        by_branch = await client.open_pulls_of("Octo/Hello", branch="feature/multiply")
        of_fork = await client.open_pulls_of(REPO, branch="patch-1", head_repo="hugo/hello")
        not_here = await client.open_pulls_of(REPO, branch="patch-1")
        with pytest.raises(InvalidInput):
            await client.open_pulls_of(REPO)
    assert [[pull.number for pull in found.pulls] for found in (by_sha, by_branch, of_fork, not_here)] == [
        *([1], [1], [11], [])
    ]
    assert all(found.complete for found in (by_sha, by_branch, of_fork, not_here))
    assert asked(route)["state"] == "open"
    assert "head" not in asked(route)


async def test_a_search_that_ends_before_the_last_page_says_so(forge: respx.MockRouter, clock: Clock) -> None:
    good = gitea(150).json
    route = forge.get(f"{HELLO}/pulls").respond(json=[good] * 50, headers={"X-Total-Count": "130"})
    async with clock.client() as client:
        found = await client.open_pulls_of(REPO, sha="0" * 40)
    assert (found.pulls, found.complete, route.call_count) == ((), False, 2)


async def test_a_merge_names_its_pull_request_and_any_other_commit_none(forge: respx.MockRouter, clock: Clock) -> None:
    route = forge.get(url__regex=r".*/commits/\w+/pull").mock(side_effect=[gitea(185).answer(), gitea(188).answer()])
    async with clock.client() as client:
        merged = await client.merged_pull(REPO, "b410b73abc4f9560841974aec6ea78e02fe9604e")
        assert merged is not None
        assert (merged.number, merged.merged) == (4, True)
        assert await client.merged_pull(REPO, "0" * 40) is None
        with pytest.raises(InvalidInput, match="whole hash"):
            await client.merged_pull(REPO, "b410b73a")
    assert route.call_count == 2


def history(kinds: str, cap: int = 50, in_a_second: int = 1) -> Any:
    """Answer the timeline and the comments of an issue: `c` a comment, `r` a review, anything else another event."""
    names = {"c": "comment", "r": "review"}
    events: list[dict[str, Any]] = [
        {
            "id": number,
            "type": names.get(kind, "label"),
            "body": f"text {number}",
            "user": {"login": "rita"},
            "created_at": f"2026-11-28T00:{second // 60:02}:{second % 60:02}Z",
        }
        for number, kind in enumerate(kinds, start=1)
        for second in [number // in_a_second]
    ]

    def timeline(request: httpx.Request) -> httpx.Response:
        size, page = min(cap, int(request.url.params["limit"])), int(request.url.params["page"])
        return httpx.Response(200, json=events[size * (page - 1) : size * page] or None)

    def comments(request: httpx.Request) -> httpx.Response:
        since = request.url.params["since"].replace("+00:00", "Z")
        return httpx.Response(200, json=[e for e in events if e["type"] == "comment" and e["created_at"] >= since])

    issue = {"number": 7, "comments": sum(kind in names for kind in kinds), "created_at": "2026-11-28T00:00:00Z"}
    issue |= {"pull_request": {"merged": False}} if "r" in kinds else {}  # only pull requests have reviews
    return issue | {"updated_at": events[-1]["created_at"] if events else issue["created_at"]}, timeline, comments


@pytest.mark.parametrize("cap", [50, 20])
@pytest.mark.parametrize(
    ("kinds", "last"),
    [
        ("", []),
        ("lll", []),
        ("c", [1]),
        ("lcrl", [2, 3]),
        ("c" * 200, [196, 197, 198, 199, 200]),
        ("c" * 50, [46, 47, 48, 49, 50]),
        ("l" * 130 + "cccccc", [132, 133, 134, 135, 136]),
        ("c" * 60 + "l" * 200 + "ccc", [59, 60, 261, 262, 263]),
        ("ccc" + "l" * 300, [1, 2, 3]),
    ],
)
async def test_the_last_comments_cost_two_requests_however_long_the_history_is(
    forge: respx.MockRouter, clock: Clock, kinds: str, last: list[int], cap: int
) -> None:
    issue, timeline, comments = history(kinds, cap)
    forge.get(f"{HELLO}/issues/7").respond(json=issue)
    forge.get(f"{HELLO}/issues/7/timeline").mock(side_effect=timeline)
    forge.get(f"{HELLO}/issues/7/comments").mock(side_effect=comments)
    async with clock.client() as client:
        read = await client.issue(REPO, 7)
        found = await client.last_comments(REPO, read, 5)
    assert [comment.id for comment in found] == last
    assert len(forge.calls) <= 3


@pytest.mark.parametrize("seed", range(25))
async def test_the_last_comments_of_any_history_are_the_last(forge: respx.MockRouter, clock: Clock, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same histories in every run
    kinds = "".join(chance.choices("cl", [1, chance.choice([0, 1, 5])], k=chance.randrange(400)))
    count = chance.randrange(1, 40)
    issue, timeline, comments = history(kinds, chance.choice([50, 50, 30]), in_a_second=chance.choice([1, 2, 60]))
    forge.get(f"{HELLO}/issues/7").respond(json=issue)
    forge.get(f"{HELLO}/issues/7/timeline").mock(side_effect=timeline)
    forge.get(f"{HELLO}/issues/7/comments").mock(side_effect=comments)
    async with clock.client() as client:
        found = await client.last_comments(REPO, await client.issue(REPO, 7), count)
    made = [number for number, kind in enumerate(kinds, start=1) if kind == "c"]
    assert [comment.id for comment in found] == made[-count:]


async def test_the_last_of_fifty_comments_on_an_issue_cost_one_request(forge: respx.MockRouter, clock: Clock) -> None:
    issue, _, comments = history("l" * 400 + "c" * 50)
    forge.get(f"{HELLO}/issues/7").respond(json=issue)
    asked = forge.get(f"{HELLO}/issues/7/comments").mock(side_effect=comments)
    async with clock.client() as client:
        found = await client.last_comments(REPO, await client.issue(REPO, 7), 2)
    assert [comment.id for comment in found] == [449, 450]
    assert asked.call_count == 1


async def test_no_comments_are_not_asked_for(forge: respx.MockRouter, clock: Clock) -> None:
    issue = answer_of(gitea(101))
    async with clock.client() as client:
        with pytest.raises(InvalidInput):
            await client.last_comments(REPO, issue, 0)
    assert not forge.calls


async def test_two_hundred_comments_are_not_read_for_the_last_ones(forge: respx.MockRouter, clock: Clock) -> None:
    issue, timeline, comments = history("c" * 200)
    forge.get(f"{HELLO}/issues/7").respond(json=issue)
    forge.get(f"{HELLO}/issues/7/timeline").mock(side_effect=timeline)
    since = forge.get(f"{HELLO}/issues/7/comments").mock(side_effect=comments)
    async with clock.client() as client:
        await client.last_comments(REPO, await client.issue(REPO, 7), 20)
    assert len(since.calls.last.response.json()) == 1


@pytest.mark.parametrize("ref", ["feature/multiply", "v1.0.0", "main"])
async def test_the_commit_of_a_branch_or_tag_is_the_newest_of_its_list(
    forge: respx.MockRouter, clock: Clock, ref: str
) -> None:
    route = forge.get(f"{HELLO}/commits").mock(return_value=gitea(205).answer())
    async with clock.client() as client:
        assert (await client.commit(REPO, ref)).sha == gitea(205).json[0]["sha"]
    assert (asked(route)["sha"], asked(route)["limit"], asked(route)["stat"]) == (ref, "1", "false")


async def test_a_branch_that_could_be_a_hash_is_looked_up_after_the_hash(forge: respx.MockRouter, clock: Clock) -> None:
    forge.get(url__regex=r".*/git/commits/.*").mock(side_effect=[gitea(213).answer(), *[gitea(215).answer()] * 2])
    listed = forge.get(f"{HELLO}/commits").mock(return_value=gitea(205).answer())
    async with clock.client() as client:
        assert (await client.commit(REPO, "0abbfeb5")).sha == "0abbfeb5bdcb92c1f461c276b3f1933835488f68"
        assert not listed.called
        assert (await client.commit(REPO, "beef")).sha == gitea(205).json[0]["sha"]
        with pytest.raises(NotFound):
            await client.commit(REPO, "1" * 40)
    assert listed.call_count == 1


async def test_a_repository_without_commits_has_none_to_read(forge: respx.MockRouter, clock: Clock) -> None:
    forge.get(f"{HELLO}/commits").mock(side_effect=[gitea(218).answer(), httpx.Response(200, json=[])])
    async with clock.client() as client:
        with pytest.raises(NotFound, match="Git Repository is empty"):
            await client.commit(REPO, "main")
        with pytest.raises(NotFound, match="no commit main"):
            await client.commit(REPO, "main")


async def test_a_part_of_a_file_is_read_by_its_bytes(forge: respx.MockRouter, clock: Clock) -> None:
    route = forge.get(f"{HELLO}/raw/big.txt").mock(return_value=gitea(251).answer())
    async with clock.client() as client:
        part = await client.file(REPO, "big.txt", "main", first=0, last=99)
    assert (part.start, part.total, len(part.content)) == (0, 1_300_000, 100)
    assert part.sha == "30e7d9b22c45b23c9ff9efca11485e6cdbbfb8a0"
    headers = route.calls.last.request.headers
    assert (headers["range"], headers["accept-encoding"]) == ("bytes=0-99", "identity")
    assert headers["authorization"].startswith("Bearer ")
    assert asked(route) == {"ref": "main"}


async def test_a_whole_file_is_read_without_a_range(forge: respx.MockRouter, clock: Clock) -> None:
    route = forge.get(f"{HELLO}/raw/README.md").mock(return_value=gitea(246).answer())
    async with clock.client() as client:
        file = await client.file(REPO, "README.md")
    assert (file.content, file.start, file.total) == (b"# hello\n\nOther words on main.\n", 0, 30)
    assert "range" not in route.calls.last.request.headers


async def test_a_page_in_the_repository_is_a_file_and_a_page_of_a_proxy_is_none(
    forge: respx.MockRouter, clock: Clock
) -> None:
    page = b"<!doctype html><html>"
    file, sign_in = httpx.Response(200, text=page.decode()), httpx.Response(200, html=page.decode())
    forge.get(f"{HELLO}/raw/index.html").mock(side_effect=[file, sign_in])
    async with clock.client() as client:
        assert (await client.file(REPO, "index.html")).content == page
        with pytest.raises(UnexpectedAnswer, match="web page"):
            await client.file(REPO, "index.html")


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (206, {}, UnexpectedAnswer),
        (206, {"Content-Range": "bytes */30"}, UnexpectedAnswer),
        (416, {"Content-Range": "bytes */30"}, InvalidInput),
    ],
)
async def test_a_part_that_cannot_be_placed_is_an_error(
    forge: respx.MockRouter, clock: Clock, status: int, headers: dict[str, str], kind: type[Exception]
) -> None:
    forge.get(f"{HELLO}/raw/README.md").respond(status, headers=headers, content=b"x")
    async with clock.client() as client:
        with pytest.raises(kind):
            await client.file(REPO, "README.md", first=100)


@pytest.mark.parametrize(("first", "last"), [(-1, None), (5, 4)])
async def test_bytes_that_no_file_has_are_not_asked_for(
    forge: respx.MockRouter, clock: Clock, first: int, last: int | None
) -> None:
    async with clock.client() as client:
        with pytest.raises(InvalidInput):
            await client.file(REPO, "README.md", first=first, last=last)
        with pytest.raises(InvalidInput):
            await client.file(REPO, "")
    assert not forge.calls


async def test_a_folder_is_distinguished_from_a_file(forge: respx.MockRouter, clock: Clock) -> None:
    route = forge.get(url__regex=r".*/contents.*").mock(side_effect=[gitea(226).answer(), gitea(225).answer()])
    async with clock.client() as client:
        folder = await client.folder(REPO, "src/", "main")
        file = await client.folder(REPO, "README.md")
    assert isinstance(folder, tuple)
    assert [entry.path for entry in folder] == ["src/main.py", "src/ünïcode.txt"]
    assert not isinstance(file, tuple)
    assert (file.type, file.size) == ("file", 30)
    assert route.calls[0].request.url.path.endswith("/contents/src")


async def test_a_token_tells_its_scopes_where_the_forge_has_a_route_for_it(
    forge: respx.MockRouter, clock: Clock
) -> None:
    broken = httpx.Response(200, html="<html>")
    forge.get(f"{API}/token").mock(side_effect=[gitea(10).answer(), forgejo(10).answer(), broken])
    async with clock.client() as client:
        facts = await client.token()
        assert facts is not None
        assert (facts.scopes, facts.login) == (("read:issue",), "ci-bot")
        assert await client.token() is None
        with pytest.raises(UnexpectedAnswer):
            await client.token()


async def test_a_missing_scope_is_named(forge: respx.MockRouter, clock: Clock) -> None:
    forge.get(f"{HELLO}/issues").mock(return_value=gitea(418).answer())
    async with clock.client() as client:
        with pytest.raises(PermissionDenied, match="lacks the scope read:issue for the issues of octo/hello") as caught:
            await client.issues(REPO, IssueFilter())
    assert caught.value.details["required_scope"] == "read:issue"


@pytest.mark.parametrize("location", ["/api/v1/repos/octo/newname/issues/7", f"{SERVER}/api/v1/repos/octo/newname"])
@pytest.mark.parametrize("writes", [False, True])
async def test_a_renamed_repository_is_reported_and_not_followed(
    forge: respx.MockRouter, clock: Clock, location: str, writes: bool
) -> None:
    forge.route(path__startswith=f"{API}/repos/octo/hello").respond(301, headers={"Location": location})
    async with clock.client() as client:
        call = client.writes.create_comment(REPO, 7, "a text") if writes else None
        with pytest.raises(RepositoryRenamed, match="octo/hello has been renamed to octo/newname") as caught:
            await (client.send(call) if call else client.issue(REPO, 7))
    assert caught.value.new_name == "octo/newname"
    assert (caught.value.retryable, caught.value.outcome_unknown) == (False, False)
    assert len(forge.calls) == 1


@pytest.mark.parametrize(
    "location",
    ["", "https://sso.example.com/sign-in", f"{API}/repos/octo/hello/issues/7", f"{API}/repos/../x/y"],
)
async def test_any_other_redirect_is_an_error_of_the_set_up(
    forge: respx.MockRouter, clock: Clock, location: str
) -> None:
    forge.get(f"{HELLO}/issues/7").respond(301, headers={"Location": location})
    async with clock.client() as client:
        with pytest.raises(UnexpectedAnswer, match="redirect"):
            await client.issue(REPO, 7)
    assert len(forge.calls) == 1


async def test_reading_is_tried_again_and_an_empty_500_is_not(forge: respx.MockRouter, clock: Clock) -> None:
    forge.get(f"{HELLO}/issues/7").mock(side_effect=[httpx.Response(503), httpx.ReadError("cut"), gitea(101).answer()])
    forge.get(f"{HELLO}/issues/7/timeline").mock(return_value=gitea(123).answer())
    async with clock.client() as client:
        assert (await client.issue(REPO, 7)).number == 12
        with pytest.raises(ServiceFailed):
            await client.timeline(REPO, 7)
    assert len(clock.pauses) == 2


async def test_the_token_goes_to_no_address_that_an_answer_names(clock: Clock) -> None:
    elsewhere = "https://elsewhere.example.com/api/v1/repos/octo/hello/labels?page=2"
    headers = {"Link": f'<{elsewhere}>; rel="next"', "X-Total-Count": "3", "Location": elsewhere}
    with respx.mock() as everything:
        everything.route().respond(json=[{"id": 1, "name": "a", "url": elsewhere}], headers=headers)
        async with clock.client() as client:
            assert len(await client.labels(REPO)) == 6
        assert {call.request.url.host for call in everything.calls} == {"forge.example.com"}


@pytest.mark.parametrize(
    ("link", "following"),
    [
        ('<http://elsewhere/api/v1/x?limit=2&page=2>; rel="next",<http://elsewhere/x?page=9>; rel="last"', 2),
        ('<http://elsewhere/api/v1/x?page=9>; rel="last"', None),
        ('<http://elsewhere/api/v1/x?page=99999999>; rel="next"', None),  # a server may not send us anywhere
        ('<http://[>; rel="next"', None),
    ],
)
async def test_of_a_link_only_the_next_number_is_taken(
    forge: respx.MockRouter, clock: Clock, link: str, following: int | None
) -> None:
    forge.get(f"{HELLO}/issues").respond(json=[{"number": 1}], headers={"Link": link, "X-Total-Count": "1"})
    async with clock.client() as client:
        assert (await client.issues(REPO, IssueFilter(), limit=2)).next_page == following


async def test_a_forge_that_cannot_be_reached_is_reported_with_its_variable(
    forge: respx.MockRouter, clock: Clock
) -> None:
    forge.get(f"{API}/version").mock(side_effect=httpx.ConnectError("refused"))
    async with clock.client(retries=0) as client:
        with pytest.raises(Unreachable) as caught:
            await client.version()
    assert "FORGE_SERVER" in caught.value.next_step


async def test_a_fault_of_the_forge_has_its_code_and_hides_addresses(forge: respx.MockRouter, clock: Clock) -> None:
    forge.get(f"{HELLO}/branches").respond(500, json={"message": "dial tcp 10.0.0.7:5432: connection refused"})
    async with clock.client() as client:
        with pytest.raises(ServiceFailed) as caught:
            await client.branches(REPO)
    assert caught.value.code == "FORGE_ERROR"
    assert "10.0.0.7" not in f"{caught.value.message} {caught.value.details}"


async def test_the_id_of_another_event_is_no_comment(forge: respx.MockRouter, clock: Clock) -> None:
    forge.get(f"{HELLO}/issues/comments/27").respond(204)
    async with clock.client() as client:
        with pytest.raises(NotFound, match="no comment 27 of octo/hello"):
            await client.comment(REPO, 27)


async def test_a_status_that_no_forge_gives_is_reported_with_its_words(forge: respx.MockRouter, clock: Clock) -> None:
    forge.get(f"{HELLO}/branches").respond(402, json={"message": "pay first"})
    async with clock.client() as client:
        with pytest.raises(UnexpectedAnswer, match=r"Status 402 is not one that a forge gives.*pay first"):
            await client.branches(REPO)


def test_the_client_is_a_forge(clock: Clock) -> None:
    forge: Forge = clock.client()
    assert forge.writes is write_calls
